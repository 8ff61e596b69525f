private import Glibc
import Primitives
package import Reactor

/// A connection to a name server that carries whole messages. Every call waits until `deadline` at most.
package final class DNSSocket {
    package enum Kind { case datagram, stream }

    private let handle: Int32
    private let kind: Kind
    private let deadline: Instant

    package init(_ kind: Kind, to server: SocketAddress, deadline: Instant) throws(SystemError) {
        self.kind = kind
        self.deadline = deadline
        let type = kind == .datagram ? SOCK_DGRAM : SOCK_STREAM
        let flags = Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        handle = socket(server.ip?.isIPv4 == false ? AF_INET6 : AF_INET, flags, 0)
        guard handle >= 0 else { throw SystemError("socket") }
        let code = DNSSocket.connect(handle, server)
        if code == 0 { return }
        guard errno == EINPROGRESS else { throw SystemError("connect") }
        try wait(POLLOUT)
        var error: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        unsafe getsockopt(handle, SOL_SOCKET, SO_ERROR, &error, &length)
        guard error == 0 else { throw SystemError("connect", code: error) }
    }

    deinit { close(handle) }

    package func send(_ message: [UInt8]) throws(SystemError) {
        var bytes = message
        if kind == .stream {
            bytes = [UInt8(truncatingIfNeeded: message.count >> 8), UInt8(truncatingIfNeeded: message.count)] + message
        }
        // A query is so short that a socket takes it whole.
        let count = unsafe Glibc.send(handle, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        guard count == bytes.count else { throw SystemError("send") }
    }

    /// The next message.
    package func receive() throws(SystemError) -> [UInt8] {
        if kind == .datagram { return try read(65535) }
        let length = try readExactly(2)
        return try readExactly(Int(length[0]) << 8 | Int(length[1]))
    }

    private func readExactly(_ count: Int) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let piece = try read(count - bytes.count)
            guard !piece.isEmpty else { throw SystemError("receive", code: ECONNRESET) }
            bytes += piece
        }
        return bytes
    }

    private func read(_ most: Int) throws(SystemError) -> [UInt8] {
        while true {
            var bytes = [UInt8](repeating: 0, count: most)
            let count = unsafe recv(handle, &bytes, bytes.count, 0)
            if count >= 0 { return Array(bytes.prefix(count)) }
            guard errno == EAGAIN || errno == EINTR else { throw SystemError("receive") }
            try wait(POLLIN)
        }
    }

    private func wait(_ events: Int32) throws(SystemError) {
        let left = deadline - .now
        guard left > 0 else { throw SystemError("receive", code: ETIMEDOUT) }
        var entry = pollfd(fd: handle, events: Int16(events), revents: 0)
        unsafe poll(&entry, 1, Int32(clamping: left / 1_000_000 + 1))
    }

    private static func connect(_ handle: Int32, _ server: SocketAddress) -> Int32 {
        guard let ip = server.ip, let port = server.port else {
            errno = EAFNOSUPPORT
            return -1
        }
        if ip.isIPv4 {
            var raw = sockaddr_in()
            raw.sin_family = sa_family_t(AF_INET)
            raw.sin_port = port.bigEndian
            raw.sin_addr.s_addr = ip.v4.bigEndian
            return unsafe withUnsafePointer(to: &raw) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe Glibc.connect(handle, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        var raw = sockaddr_in6()
        raw.sin6_family = sa_family_t(AF_INET6)
        raw.sin6_port = port.bigEndian
        raw.sin6_addr = ip.in6
        return unsafe withUnsafePointer(to: &raw) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(handle, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
            }
        }
    }
}
