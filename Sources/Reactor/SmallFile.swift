private import Glibc

/// Files of /proc and /etc, whose size is known only when they have been read. Not for event loops.
package enum SmallFile {
    /// The text of a file, of its first MiB; nil when it can't be read.
    package static func read(_ path: String) -> String? {
        let handle = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard handle >= 0 else { return nil }
        defer { close(handle) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16 << 10)
        while bytes.count < 1 << 20 {
            let count = unsafe Glibc.read(handle, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            if count < 0 { return nil }
            if count == 0 { break }
            bytes.append(contentsOf: piece[..<count])
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
