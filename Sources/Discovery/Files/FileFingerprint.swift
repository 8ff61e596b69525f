import Glibc

/// What tells one state of a configuration's files from another, without reading them.
struct FileFingerprint: Equatable, Sendable {
    private struct File: Equatable, Sendable {
        var path: String
        var device: UInt64
        var inode: UInt64
        var size: Int64
        var seconds: Int
        var nanoseconds: Int
    }

    private var files: [File] = []
    /// Folders in which a change could show: those of the files, and of what their symbolic links lead to.
    private(set) var folders: Set<String> = []

    /// - Parameter named: further files, that the configuration names.
    init(_ path: String, named: [String] = []) {
        let names = (try? SourceFiles.list(path).get()) ?? []
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { folders.insert(path) }
        folders.insert(SourceFiles.folder(of: path))
        for name in names + named {
            folders.insert(SourceFiles.folder(of: name))
            guard stat(name, &status) == 0 else { continue }
            files.append(
                File(
                    path: name, device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: Int64(status.st_size),
                    seconds: status.st_ctim.tv_sec, nanoseconds: status.st_ctim.tv_nsec))
            if let real = realpath(name, nil) {
                folders.insert(SourceFiles.folder(of: String(cString: real)))
                free(real)
            }
        }
    }

    static func == (a: FileFingerprint, b: FileFingerprint) -> Bool { a.files == b.files }
}
