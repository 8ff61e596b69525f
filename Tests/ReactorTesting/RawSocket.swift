import Glibc
import Primitives
package import Reactor

/// A blocking socket of the kernel's, for the other end of what runs over `EpollBackend`. Nothing waits longer than ten
/// seconds.
package final class RawSocket: Sendable {
    package let handle: Int32
    private init(handle: Int32) {
        self.handle = handle
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(handle, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(handle, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { Glibc.close(handle) }

    // MARK: Making

    package static func connect(to address: SocketAddress) -> RawSocket? {
        switch address {
        case .ip(let ip, let port):
            let handle = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            var raw = sockaddr_in()
            raw.sin_family = sa_family_t(AF_INET)
            raw.sin_port = port.bigEndian
            raw.sin_addr.s_addr = ip.v4.bigEndian
            return finish(handle, &raw)
        case .unix(let path):
            let handle = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            var raw = sockaddr_un()
            raw.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &raw.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
            return finish(handle, &raw)
        }
    }

    private static func finish<Address>(_ handle: Int32, _ raw: inout Address) -> RawSocket? {
        let made = RawSocket(handle: handle)
        let size = socklen_t(MemoryLayout<Address>.size)
        let code = withUnsafePointer(to: &raw) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(handle, $0, size) }
        }
        return code == 0 ? made : nil
    }

    /// Waits for a connection on a listening socket.
    package static func accept(_ listener: Int32) -> RawSocket? {
        var event = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        guard poll(&event, 1, 10_000) == 1 else { return nil }
        let handle = Glibc.accept(listener, nil, nil)
        return handle >= 0 ? RawSocket(handle: handle) : nil
    }

    // MARK: Using

    /// False: the other end is gone.
    @discardableResult package func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.send(handle, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    @discardableResult package func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// What one read brings: empty at the end, nil on a reset or after ten seconds.
    package func receive(_ most: Int = 64 << 10) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: most)
        let count = recv(handle, &buffer, most, 0)
        return count < 0 ? nil : Array(buffer.prefix(count))
    }

    /// Reads until `marker` has come, or the end.
    package func receive(until marker: String) -> String {
        var all: [UInt8] = []
        while !String(decoding: all, as: UTF8.self).contains(marker), let more = receive(), !more.isEmpty { all += more }
        return String(decoding: all, as: UTF8.self)
    }

    package func receive(exactly count: Int) -> [UInt8] {
        var all: [UInt8] = []
        while all.count < count, let more = receive(count - all.count), !more.isEmpty { all += more }
        return all
    }

    package func shutdownOutput() { shutdown(handle, Int32(SHUT_WR)) }

    /// Makes the close that comes with the last reference, or `reset` itself, a reset.
    package func reset() {
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        setsockopt(handle, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        // The unspecified address (AF_UNSPEC is 0) takes the connection down now, while the descriptor stays ours.
        let nowhere = [UInt8](repeating: 0, count: 16)
        nowhere.withUnsafeBytes { bytes in
            if let base = bytes.bindMemory(to: sockaddr.self).baseAddress { _ = Glibc.connect(handle, base, 16) }
        }
    }

    package static func set(_ handle: Int32, option: Int32, to value: Int32) {
        var value = value
        setsockopt(handle, SOL_SOCKET, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}
