package import Primitives

/// What is known of a token once all of it has been verified.
package struct VerifiedToken: Sendable {
    package let header: TokenHeader
    package let claims: JSONObject
    package let scopes: [String]
    /// From this second of the Unix clock on it counts no more, clock skew included; nil: it does not end.
    package let expires: Int?
}

/// Verifies tokens of one issuer: form, signature, claims.
package struct TokenVerifier: Sendable {
    package var rules: TokenRules
    package var keys: VerifyingKeys
    /// Longer tokens are refused, in bytes.
    package var mostBytes = 16 << 10

    package init(_ rules: TokenRules, keys: VerifyingKeys) {
        self.rules = rules
        self.keys = keys
    }

    /// - Parameter now: seconds of the Unix clock.
    package func verify(_ token: ByteView, now: Int) throws(TokenFlaw) -> VerifiedToken {
        try verify(try SignedToken(parsing: token, most: mostBytes), now: now)
    }

    package func verify(_ token: String, now: Int) throws(TokenFlaw) -> VerifiedToken {
        try verify(try SignedToken(parsing: token, most: mostBytes), now: now)
    }

    package func verify(_ token: SignedToken, now: Int) throws(TokenFlaw) -> VerifiedToken {
        try token.verify(with: keys)
        let claims = try token.claims()
        let expires = try rules.check(claims, type: token.header.type, now: now)
        return VerifiedToken(header: token.header, claims: claims, scopes: try claims.scopes(), expires: expires)
    }
}
