package import Primitives

/// `host[:port]` (RFC 3986 §3.2), without user information.
package enum Authority {
    /// The length of the host part of a well-formed authority, nil for any other.
    package static func hostLength(_ authority: ByteView) -> Int? {
        guard authority.count > 0, authority.count <= 512 else { return nil }
        var at = 0
        if authority[0] == UInt8(ascii: "[") {
            at = 1
            while at < authority.count,
                ASCII.hexValue(authority[at]) != nil || authority[at] == UInt8(ascii: ":") || authority[at] == UInt8(ascii: ".")
            {
                at += 1
            }
            guard at < authority.count, authority[at] == UInt8(ascii: "]"), at > 2 else { return nil }
            at += 1
        } else {
            while at < authority.count, ASCII.isUnreserved(authority[at]) { at += 1 }
            guard at > 0, authority[0] != UInt8(ascii: ".") else { return nil }
        }
        if at == authority.count { return at }
        guard authority[at] == UInt8(ascii: ":") else { return nil }
        let port = authority[at + 1..<authority.count]
        if port.isEmpty { return at }
        guard port.count <= 5, let number = port.decimal, number <= 65535 else { return nil }
        return at
    }
}
