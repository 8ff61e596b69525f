import GatewayCore
import PolicyKit
import Primitives
import Schema

/// The same URL with another scheme, host or port.
struct OtherOrigin: Sendable {
    private let scheme: Redirect.Scheme?
    private let host: [UInt8]?
    private let port: Int?

    init(_ config: Redirect.Config) throws(PolicyError) {
        scheme = config.scheme
        port = config.port
        host = config.host.map { Array($0.lowercased().utf8) }
        guard let text = config.host, let host else { return }
        let isHost =
            !host.isEmpty
            && host.allSatisfy { ASCII.isUnreserved($0) || $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "]") || $0 == UInt8(ascii: ":") }
        guard isHost, text.hasPrefix("[") == text.contains(":") else {
            throw PolicyError(
                "`\(text)` is no host", at: config.$host.position, path: "host",
                remedy: "a name such as www.example.com; the port is a setting of its own")
        }
    }

    /// The client asks for it already, so sending it there again would never end.
    func isThere(_ exchange: Exchange) -> Bool {
        let hasScheme = scheme.map { exchange.clientScheme == ByteView($0.name) } ?? true
        let hasHost = host.map { $0.withView { exchange.request.host == $0 } } ?? true
        return hasScheme && hasHost || !exchange.request.path.hasPrefix("/")
    }

    /// False when the request names no host.
    func write(_ exchange: Exchange, to out: ByteBuffer) -> Bool {
        let request = exchange.request
        guard host != nil || !request.host.isEmpty else { return false }
        let before = exchange.clientScheme
        let scheme = scheme.map { ByteView($0.name) } ?? before
        out.append(scheme)
        out.append("://")
        if let host { host.withView { out.append($0) } } else { out.append(request.host) }
        if let port {
            if ByteView(scheme == "https" ? "443" : "80").decimal != port {
                out.append(":")
                out.append(decimal: port)
            }
        } else if scheme == before {
            out.append(OtherOrigin.port(request.authority))
        }
        var location = LocationWriter(out, place: .path)
        location.write(request.path, .escaped)
        location.writeQuery(request.query)
        return true
    }

    /// `:8080`, or nothing.
    private static func port(_ authority: ByteView) -> ByteView {
        var at = authority.count
        while at > 0, ASCII.isDigit(authority[at - 1]) { at -= 1 }
        guard at > 0, at < authority.count, authority[at - 1] == UInt8(ascii: ":") else { return ByteView() }
        return authority.dropFirst(at - 1)
    }
}

extension Redirect.Scheme {
    fileprivate var name: StaticString {
        switch self {
        case .http: "http"
        case .https: "https"
        }
    }
}
