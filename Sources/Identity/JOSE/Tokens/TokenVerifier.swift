package import Primitives

/// What is known of a token once all of it has been verified.
package struct VerifiedToken: Sendable {
    package let header: TokenHeader
    package let claims: JSONObject
    package let scopes: [String]
    /// From this second of the Unix clock on it counts no more, clock skew included; nil: it does not end.
    package let expires: Int?
}

/// Verifies tokens of one issuer: form, encryption, signature, claims.
package struct TokenVerifier: Sendable {
    package var rules: TokenRules
    package var keys: VerifyingKeys
    /// Open tokens that are encrypted for the gateway; without any, such tokens are refused.
    package var decryptionKeys: [DecryptionKey] = []
    /// Longer tokens are refused, in bytes.
    package var mostBytes = 16 << 10

    package init(_ rules: TokenRules, keys: VerifyingKeys) {
        self.rules = rules
        self.keys = keys
    }

    /// - Parameter now: seconds of the Unix clock.
    package func verify(_ token: ByteView, now: Int) throws(TokenFlaw) -> VerifiedToken {
        switch try ReadToken(token, most: mostBytes, decryptionKeys) {
        case .signed(let token): return try verify(token, now: now)
        case .claims(let header, let claims): return try check(header, claims, now: now)
        }
    }

    package func verify(_ token: String, now: Int) throws(TokenFlaw) -> VerifiedToken {
        let verified: Result<VerifiedToken, TokenFlaw> = token.withView { view in
            Result { () throws(TokenFlaw) in try verify(view, now: now) }
        }
        return try verified.get()
    }

    package func verify(_ token: SignedToken, now: Int) throws(TokenFlaw) -> VerifiedToken {
        try token.verify(with: keys)
        return try check(token.header, try token.claims(), now: now)
    }

    package func check(_ header: TokenHeader, _ claims: JSONObject, now: Int) throws(TokenFlaw) -> VerifiedToken {
        let expires = try rules.check(claims, type: header.type, now: now)
        return VerifiedToken(header: header, claims: claims, scopes: try claims.scopes(), expires: expires)
    }
}
