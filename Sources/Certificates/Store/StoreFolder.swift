private import Glibc
internal import Reactor

/// Files of the store: read whole, written atomically and durably, for nobody else to read. Blocks; not for event loops
/// that carry traffic.
struct StoreFolder: Sendable {
    let path: String
    /// A longer file is none of the store's.
    static let longest = 256 << 10

    func path(_ name: String) -> String { "\(path)/\(name)" }

    /// Makes the folder and those above it, for the owner alone.
    func make(_ name: String = "") throws(SystemError) {
        let whole = name.isEmpty ? path : path(name)
        var at = whole.startIndex
        while let slash = whole[at...].dropFirst().firstIndex(of: "/") {
            _ = unsafe mkdir(String(whole[..<slash]), 0o700)
            at = slash
        }
        guard unsafe mkdir(whole, 0o700) == 0 || errno == EEXIST else { throw SystemError("can't make \(whole)") }
    }

    /// Nil when there is no such file.
    func read(_ name: String) throws(SystemError) -> [UInt8]? {
        let handle = unsafe open(path(name), O_RDONLY | O_CLOEXEC)
        guard handle >= 0 else {
            if errno == ENOENT { return nil }
            throw SystemError("can't read \(path(name))")
        }
        defer { close(handle) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 8192)
        while bytes.count <= StoreFolder.longest {
            let count = unsafe Glibc.read(handle, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemError("can't read \(path(name))") }
            if count == 0 { return bytes }
            bytes.append(contentsOf: piece[..<count])
        }
        throw SystemError("can't read \(path(name))", code: EFBIG)
    }

    func write(_ bytes: [UInt8], to name: String) throws(SystemError) {
        let outcome: SystemError? = unsafe bytes.withUnsafeBytes { bytes in
            do throws(SystemError) {
                try unsafe write(bytes, to: name)
                return nil
            } catch {
                return error
            }
        }
        if let outcome { throw outcome }
    }

    /// A reader sees the old file or the new one, whole, even when the machine loses its power in between.
    func write(_ bytes: UnsafeRawBufferPointer, to name: String) throws(SystemError) {
        let partial = path("\(name).\(getpid()).partial")
        _ = unsafe unlink(partial)
        let handle = unsafe open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard handle >= 0 else { throw SystemError("can't write \(path(name))") }
        do throws(SystemError) {
            defer { close(handle) }
            var at = 0
            while at < bytes.count {
                let count = unsafe Glibc.write(handle, bytes.baseAddress.map { unsafe $0 + at }, bytes.count - at)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw SystemError("can't write \(path(name))") }
                at += count
            }
            guard fsync(handle) == 0 else { throw SystemError("can't write \(path(name))") }
        } catch {
            _ = unsafe unlink(partial)
            throw error
        }
        guard unsafe rename(partial, path(name)) == 0 else { throw SystemError("can't write \(path(name))") }
        sync(folderOf: name)
    }

    func remove(_ name: String) {
        _ = unsafe unlink(path(name))
        sync(folderOf: name)
    }

    /// Does nothing to a folder that has something in it.
    func removeFolder(_ name: String) { _ = unsafe rmdir(path(name)) }

    private func sync(folderOf name: String) {
        let folder = name.lastIndex(of: "/").map { path(String(name[..<$0])) } ?? path
        let handle = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard handle >= 0 else { return }
        fsync(handle)
        close(handle)
    }

    /// Names of files and folders in a folder, in order, but for hidden and partial ones.
    func list(_ name: String) -> [String] {
        guard let stream = unsafe opendir(path(name)) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix("."), !name.hasSuffix(".partial") { names.append(name) }
        }
        return names.sorted()
    }

    /// Runs `body` while no other process is in such a function for the same name. Nil: another one is.
    func exclusively<R>(_ name: String, _ body: () throws(SystemError) -> R) throws(SystemError) -> R? {
        let handle = unsafe open(path(name), O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard handle >= 0 else { throw SystemError("can't write \(path(name))") }
        defer { close(handle) }
        guard flock(handle, LOCK_EX | LOCK_NB) == 0 else {
            if errno == EWOULDBLOCK { return nil }
            throw SystemError("can't lock \(path(name))")
        }
        return try body()
    }
}
