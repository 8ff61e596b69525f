extension TokenServer {
    /// A code for a client that a user has let have one.
    package func code(for subject: GrantSubject, redirectURI: String, challenge: String, now: Int) throws(OAuthError) -> String {
        let (code, hash) = try random { () throws(CryptoError) in
            let code = try OpaqueToken.make()
            return (code, try OpaqueToken.hash(code))
        }
        let grant = CodeGrant(subject: subject, redirectURI: redirectURI, challenge: challenge, expires: now + settings.codeLifetime)
        try stored { () throws(GrantStoreError) in
            // Longer than it is good for, so that its theft is noticed.
            let record = GrantRecord(grant.json, expires: grant.expires + settings.accessTokenLifetime)
            try store.update(GrantKey(.code, hash), now: now) { $0 = record }
        }
        return code
    }

    /// Tokens for a code (RFC 6749 §4.1.3).
    package func redeem(
        code: String, _ client: OAuthClient, redirectURI: String?, verifier: String?, now: Int
    ) throws(OAuthError) -> IssuedTokens {
        try require(.authorizationCode, of: client)
        let (hash, token, grantID) = try random { () throws(CryptoError) in
            let token = try RefreshToken.make()
            return (try OpaqueToken.hash(code), token, try token.grantID)
        }
        let outcome = try stored { () throws(GrantStoreError) in
            try store.update(GrantKey(.code, hash), now: now) { record in
                guard var grant = CodeGrant(record?.value) else { return CodeGrant.Outcome.refused(CodeGrant.invalid) }
                let outcome = grant.redeem(client: client.id, redirectURI: redirectURI, verifier: verifier, grant: grantID, now: now)
                record?.value = grant.json
                return outcome
            }
        }
        switch outcome {
        case .granted(let subject): return try begin(subject, client: client, token: token, now: now)
        case .refused(let error): throw error
        case .replayed(let grant):
            try revoke(grantID: grant, now: now)
            throw CodeGrant.invalid
        }
    }

    func revoke(grantID: String, now: Int) throws(OAuthError) {
        try stored { () throws(GrantStoreError) in
            try store.update(GrantKey(.refresh, grantID), now: now) { record in
                guard var grant = RefreshGrant(record?.value) else { return }
                grant.revoke()
                record?.value = grant.json
            }
        }
    }
}
