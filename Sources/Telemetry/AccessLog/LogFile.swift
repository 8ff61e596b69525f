private import Glibc
import Primitives
import Reactor

/// A file that grows, or standard output.
struct LogFile {
    private let path: String
    private var handle: Int32

    /// Opens for appending; a new file is readable by owner and group.
    init(path: String) throws(SystemError) {
        self.path = path
        handle = path == "-" ? STDOUT_FILENO : try LogFile.open(path)
    }

    /// Follows the name to the file that it means now. When that fails the old file stays.
    mutating func reopen() throws(SystemError) {
        if path == "-" { return }
        let fresh = try LogFile.open(path)
        close()
        handle = fresh
    }

    /// Writes everything, or says why not.
    func write(_ bytes: ByteView) -> SystemError? {
        var rest = bytes
        while !rest.isEmpty {
            let count = unsafe Glibc.write(handle, rest.buffer.baseAddress, rest.count)
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count < 0, errno == EAGAIN {
                var poll = pollfd(fd: handle, events: Int16(POLLOUT), revents: 0)
                unsafe Glibc.poll(&poll, 1, 1000)
            } else if count == 0 || errno != EINTR {
                return SystemError("write \(path)")
            }
        }
        return nil
    }

    func close() {
        if path != "-" { Glibc.close(handle) }
    }

    private static func open(_ path: String) throws(SystemError) -> Int32 {
        let handle = unsafe Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
        guard handle >= 0 else { throw SystemError("open \(path)") }
        return handle
    }
}
