import Primitives

/// Where a request of the gateway's own goes: an absolute `http` or `https` URL (RFC 3986), without user and fragment.
package struct CalloutURL: Sendable, Hashable, CustomStringConvertible {
    package let isSecure: Bool
    /// Lower case; an IPv6 address without brackets.
    package let host: String
    package let port: UInt16
    /// Path and query, at least `/`.
    package var target: String

    package init(isSecure: Bool, host: String, port: UInt16, target: String = "/") {
        self.isSecure = isSecure
        self.host = host
        self.port = port
        self.target = target
    }

    package init(parsing text: String) throws(CalloutURLError) {
        guard let colon = text.firstRange(of: "://") else { throw .notAbsolute }
        switch text[..<colon.lowerBound].lowercased() {
        case "http": isSecure = false
        case "https": isSecure = true
        default: throw .scheme
        }
        let rest = text[colon.upperBound...]
        guard rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { throw .characters }
        guard !rest.contains("#") else { throw .fragment }
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let authority = rest[..<end]
        guard !authority.contains("@") else { throw .user }
        (host, port) = try CalloutURL.endpoint(authority, defaultPort: isSecure ? 443 : 80)
        target = rest[end...].hasPrefix("/") ? String(rest[end...]) : "/" + rest[end...]
    }

    private static func endpoint(_ authority: Substring, defaultPort: UInt16) throws(CalloutURLError) -> (String, UInt16) {
        var host = authority, port: Substring?
        if authority.hasPrefix("[") {
            guard let close = authority.firstIndex(of: "]") else { throw .host }
            host = authority[authority.index(after: authority.startIndex)..<close]
            let behind = authority[authority.index(after: close)...]
            guard behind.isEmpty || behind.hasPrefix(":") else { throw .host }
            port = behind.isEmpty ? nil : behind.dropFirst()
            guard IPAddress(parsing: String(host)) != nil else { throw .host }
        } else if let colon = authority.firstIndex(of: ":") {
            host = authority[..<colon]
            port = authority[authority.index(after: colon)...]
        }
        let name = host.lowercased()
        guard IPAddress(parsing: name) != nil || HostName.isValid(name) else { throw .host }
        guard let port else { return (name, defaultPort) }
        guard port.utf8.allSatisfy(ASCII.isDigit), let number = UInt16(port), number > 0 else { throw .port }
        return (name, number)
    }

    /// Host and port as `Host` has them: the port only where it is not the scheme's own.
    package var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }

    /// Scheme, host and port (RFC 6454 §6.2).
    package var origin: String { "\(isSecure ? "https" : "http")://\(authority)" }
    package var description: String { origin + target }
}

package enum CalloutURLError: String, Error, Sendable {
    case notAbsolute = "an absolute URL is needed, such as https://id.example.com/jwks"
    case scheme = "the URL's scheme has to be http or https"
    case characters = "a URL is made of visible ASCII characters: percent-encode the others"
    case fragment = "a URL that the gateway asks has no fragment"
    case user = "a URL must not hold a user or password"
    case host = "the URL names no valid host"
    case port = "the URL's port is no number from 1 to 65535"
}
