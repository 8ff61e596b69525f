import CLinux
import Glibc
package import Primitives

/// Where a socket is bound or connected: an address with a port, or a path of the file system.
package enum SocketAddress: Hashable, Sendable, CustomStringConvertible {
    case ip(IPAddress, port: UInt16)
    case unix(String)

    package var ip: IPAddress? { if case .ip(let ip, _) = self { ip } else { nil } }
    package var port: UInt16? { if case .ip(_, let port) = self { port } else { nil } }

    package var description: String {
        switch self {
        case .ip(let ip, let port): ip.isIPv4 ? "\(ip):\(port)" : "[\(ip)]:\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    /// The protocol family of the socket to make.
    var family: Int32 {
        switch self {
        case .ip(let ip, _): ip.isIPv4 ? AF_INET : AF_INET6
        case .unix: AF_UNIX
        }
    }

    /// Lends the address in the form that system calls take. A path of a socket that is too long is cut to nothing,
    /// which every call then refuses.
    func withRaw<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        var storage = sockaddr_storage()
        var length = socklen_t(0)
        unsafe withUnsafeMutableBytes(of: &storage) { bytes in
            switch self {
            case .ip(let ip, let port) where ip.isIPv4:
                var raw = sockaddr_in()
                raw.sin_family = sa_family_t(AF_INET)
                raw.sin_port = port.bigEndian
                raw.sin_addr.s_addr = ip.v4.bigEndian
                unsafe bytes.storeBytes(of: raw, as: sockaddr_in.self)
                length = socklen_t(MemoryLayout<sockaddr_in>.size)
            case .ip(let ip, let port):
                var raw = sockaddr_in6()
                raw.sin6_family = sa_family_t(AF_INET6)
                raw.sin6_port = port.bigEndian
                raw.sin6_addr = ip.in6
                unsafe bytes.storeBytes(of: raw, as: sockaddr_in6.self)
                length = socklen_t(MemoryLayout<sockaddr_in6>.size)
            case .unix(let path):
                let text = Array(path.utf8)
                unsafe bytes.storeBytes(of: sa_family_t(AF_UNIX), as: sa_family_t.self)
                guard text.count < 107 else { return }
                let offset = MemoryLayout<sa_family_t>.size
                for (i, byte) in text.enumerated() { unsafe bytes[offset + i] = byte }
                length = socklen_t(offset + text.count + 1)
            }
        }
        return unsafe withUnsafePointer(to: &storage) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, length) }
        }
    }

    init?(_ storage: sockaddr_storage) {
        var copy = storage
        let result: SocketAddress? = unsafe withUnsafeBytes(of: &copy) { bytes in
            switch Int32(storage.ss_family) {
            case AF_INET:
                let raw = unsafe bytes.loadUnaligned(as: sockaddr_in.self)
                return .ip(IPAddress(v4: UInt32(bigEndian: raw.sin_addr.s_addr)), port: UInt16(bigEndian: raw.sin_port))
            case AF_INET6:
                let raw = unsafe bytes.loadUnaligned(as: sockaddr_in6.self)
                return .ip(IPAddress(raw.sin6_addr), port: UInt16(bigEndian: raw.sin6_port))
            case AF_UNIX: return .unix("")
            default: return nil
            }
        }
        guard let result else { return nil }
        self = result
    }

    /// `127.0.0.1:80`, `[::1]:80` or `unix:/run/x.sock`; nil for anything else, names included.
    package init?(parsing text: String) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            guard !path.isEmpty, path.utf8.count < 107 else { return nil }
            self = .unix(path)
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard let ip = IPAddress(parsing: String(host)) else { return nil }
        self = .ip(ip, port: port)
    }
}
