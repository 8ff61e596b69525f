extension TokenServer {
    /// New tokens for a refresh token, which is replaced (RFC 6749 §6, RFC 9700 §4.14.2).
    ///
    /// - Parameter scope: fewer scopes than were granted, for these tokens alone.
    package func refresh(_ text: String, _ client: OAuthClient, scope: String?, now: Int) throws(OAuthError) -> IssuedTokens {
        try require(.refreshToken, of: client)
        guard let token = RefreshToken(parsing: text) else { throw TokenServer.invalidRefresh }
        var wanted: ScopeList?
        if let scope {
            wanted = ScopeList(parsing: scope)
            if wanted == nil { throw OAuthError(.invalidScope, "The scope is malformed.") }
        }
        let (next, grantID, presented, replacement) = try random { () throws(CryptoError) in
            let next = try RefreshToken.make(grant: token.grant)
            return (next, try token.grantID, try OpaqueToken.hash(token.secret), try OpaqueToken.hash(next.secret))
        }
        let rules = settings.refresh
        enum Step { case granted(GrantSubject), refused(OAuthError) }
        let step = try stored { () throws(GrantStoreError) in
            try store.update(GrantKey(.refresh, grantID), now: now) { record in
                guard var grant = RefreshGrant(record?.value) else { return Step.refused(TokenServer.invalidRefresh) }
                // What can't be granted must not use the token up.
                if let wanted, grant.subject.client == client.id, !wanted.isSubset(of: grant.subject.scopes) {
                    return .refused(OAuthError(.invalidScope, "The scope goes beyond what was granted."))
                }
                let outcome = grant.rotate(client: client.id, token: presented, next: replacement, now: now, rules)
                switch outcome {
                case .refused: return .refused(TokenServer.invalidRefresh)
                case .reused: record?.value = grant.json
                case .granted(let subject):
                    record = GrantRecord(grant.json, expires: grant.expires(rules))
                    return .granted(subject)
                }
                return .refused(TokenServer.invalidRefresh)
            }
        }
        switch step {
        case .refused(let error): throw error
        case .granted(var subject):
            guard user(subject: subject.user) != nil else { throw TokenServer.invalidRefresh }
            // A client may have lost a scope since.
            subject.scopes = (wanted ?? subject.scopes).intersection(client.scopes)
            return try tokens(subject, client: client, refresh: next.text, grantID: grantID, now: now)
        }
    }

    /// The same for all that can be wrong.
    static var invalidRefresh: OAuthError {
        OAuthError(.invalidGrant, "The refresh token is unknown, expired, revoked or was used before, or was issued to another client.")
    }
}
