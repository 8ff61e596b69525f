/// Tokens that mean nothing to who holds them, and of which only hashes are kept.
package enum OpaqueToken {
    /// 256 random bits.
    package static func make() throws(CryptoError) -> String { Base64URL.encode(try Random.bytes(32)) }

    /// What stands for a token in a store. Random tokens need no slow function: there is nothing to guess.
    package static func hash(_ token: String) throws(CryptoError) -> String { Base64URL.encode(try Digest.sha256(Array(token.utf8))) }
}

/// `GRANT.SECRET`: one grant has many refresh tokens, one after the other, and its own number in all of them.
package struct RefreshToken: Sendable, Equatable {
    package let grant: String
    package let secret: String

    package static func make(grant: String? = nil) throws(CryptoError) -> RefreshToken {
        let secret = try OpaqueToken.make()
        guard let grant else { return RefreshToken(grant: Base64URL.encode(try Random.bytes(16)), secret: secret) }
        return RefreshToken(grant: grant, secret: secret)
    }

    package init(grant: String, secret: String) {
        self.grant = grant
        self.secret = secret
    }

    package init?(parsing text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count == 22, parts[1].utf8.count == 43 else { return nil }
        self.init(grant: String(parts[0]), secret: String(parts[1]))
    }

    package var text: String { "\(grant).\(secret)" }

    /// What the grant is called in the store and in access tokens. It can't be turned back into the grant, so whoever sees an access
    /// token can't make up a refresh token that looks like an old one, and have the grant revoked by that.
    package var grantID: String {
        get throws(CryptoError) { String(try OpaqueToken.hash(grant).prefix(22)) }
    }
}

/// The short code that a person types from one device into another (RFC 8628 §6.1).
package enum UserCode {
    /// No vowels, so that no words come out, and nothing that looks like something else. 8 of 20 are 34 bits: with few tries that is enough.
    private static let letters = Array("BCDFGHJKLMNPQRSTVWXZ".utf8)

    /// `BCDF-GHJK`.
    package static func make() throws(CryptoError) -> String {
        var code: [UInt8] = []
        while code.count < 9 {
            if code.count == 4 { code.append(UInt8(ascii: "-")) }
            // The largest multiple of 20 in a byte: every letter is as likely.
            for byte in try Random.bytes(1) where byte < 240 { code.append(letters[Int(byte) % letters.count]) }
        }
        return String(decoding: code, as: UTF8.self)
    }

    /// What was typed, in the form of the store: letters alone, upper case. Nil: that can be no code.
    package static func normalised(_ typed: String) -> String? {
        let typed = typed.uppercased().filter { $0 != "-" && $0 != " " }
        guard typed.utf8.count == 8, typed.utf8.allSatisfy(letters.contains) else { return nil }
        return typed
    }
}
