/// Where a browser is sent with a code, as a client has registered it.
package struct RedirectURI: Sendable, Equatable {
    package let text: String
    /// Up to the port, where that may be any (RFC 8252 §7.3); nil where it may not.
    private let beforePort: String?

    /// Accepts `https` URLs, `http` ones of the machine itself, and schemes of an app's own, which have a dot (RFC 8252 §7.1).
    package init(parsing text: String) throws(RedirectURIError) {
        guard !text.isEmpty, text.utf8.count <= 2048, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\\") }) else {
            throw .characters
        }
        guard !text.contains("#") else { throw .fragment }
        guard let colon = text.firstIndex(of: ":"), RedirectURI.isScheme(text[..<colon]) else { throw .relative }
        let rest = text[text.index(after: colon)...]
        switch text[..<colon].lowercased() {
        case "https":
            guard RedirectURI.authority(rest)?.isEmpty == false else { throw .relative }
            beforePort = nil
        case "http":
            guard let authority = RedirectURI.authority(rest) else { throw .relative }
            let host = RedirectURI.loopback.first { authority == $0 || authority.hasPrefix("\($0):") }
            guard let host else { throw .insecure }
            beforePort = host == authority && host != "localhost" ? "http://\(host)" : nil
        case let scheme:
            guard scheme.contains(".") else { throw .scheme }
            beforePort = nil
        }
        self.text = text
    }

    private static let loopback = ["127.0.0.1", "[::1]", "localhost"]

    /// Character for character (RFC 9700 §2.1); only an app on the machine itself, registered without a port, may listen on any.
    package func matches(_ asked: String) -> Bool {
        if asked == text { return true }
        guard let beforePort, asked.hasPrefix("\(beforePort):") else { return false }
        let behind = asked.dropFirst(beforePort.utf8.count + 1)
        let port = behind.prefix { ("0"..."9").contains($0) }
        guard let number = UInt16(port), number > 0 else { return false }
        return behind.dropFirst(port.count) == text.dropFirst(beforePort.utf8.count)
    }

    /// The URI with more fields in its query.
    package static func adding(_ fields: [(name: String, value: String)], to uri: String) -> String {
        let separator = !uri.contains("?") ? "?" : uri.hasSuffix("?") || uri.hasSuffix("&") ? "" : "&"
        return uri + separator + FormFields.encode(fields)
    }

    private static func isScheme(_ text: Substring) -> Bool {
        guard let first = text.first, first.isASCII, first.isLetter else { return false }
        return text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
    }

    /// What stands between `//` and the path, without user information.
    private static func authority(_ rest: Substring) -> Substring? {
        guard rest.hasPrefix("//") else { return nil }
        let authority = rest.dropFirst(2).prefix { $0 != "/" && $0 != "?" }
        return authority.contains("@") ? nil : authority
    }
}

package enum RedirectURIError: String, Error, Sendable {
    case characters = "a redirect URI is made of visible ASCII characters, at most 2048: percent-encode the others"
    case fragment = "a redirect URI has no fragment"
    case relative = "a redirect URI is absolute, without user information, such as https://app.example.com/callback"
    case insecure = "a redirect URI with http is only for the machine itself: 127.0.0.1, [::1] or localhost; take https"
    case scheme = "a scheme of an app's own has the app's domain in it, such as com.example.app:/callback"
}
