import Primitives

extension TokenServer {
    /// Somebody logs out: what was granted during the login ends with it, but for what was meant to last (`offline_access`,
    /// OpenID Connect Core §11).
    ///
    /// - Returns: a logout token for each client that somebody has logged in to meanwhile, by the client's id.
    package func end(session: String, now: Int) throws(OAuthError) -> [String: String] {
        let grants = try stored { () throws(GrantStoreError) in try store.records(.refresh, now: now) }
        var tokens: [String: String] = [:]
        for (id, record) in grants {
            guard let grant = RefreshGrant(record.value), grant.subject.session == session else { continue }
            if !grant.subject.scopes.contains("offline_access") { try revoke(grantID: id, now: now) }
            if tokens[grant.subject.client] == nil { tokens[grant.subject.client] = try logoutToken(grant.subject, session: session, now: now) }
        }
        return tokens
    }

    /// OpenID Connect Back-Channel Logout §2.4.
    private func logoutToken(_ grant: GrantSubject, session: String, now: Int) throws(OAuthError) -> String {
        let id = try random { () throws(CryptoError) in Base64URL.encode(try Random.bytes(12)) }
        return try sign(
            [
                "iss": .string(settings.issuer), "sub": .string(grant.user), "aud": .string(grant.client), "sid": .string(session),
                "iat": .number(JSONNumber(now)), "exp": .number(JSONNumber(now + 120)), "jti": .string(id),
                "events": ["http://schemas.openid.net/event/backchannel-logout": [:]],
            ], type: "logout+jwt", now: now)
    }
}
