package import Primitives

extension TokenServer {
    /// A client gives a token up (RFC 7009). Tokens that are nobody's, or another client's, change nothing.
    package func revoke(_ text: String, _ client: OAuthClient, now: Int) throws(OAuthError) {
        if let token = RefreshToken(parsing: text) {
            let (id, hash) = try random { () throws(CryptoError) in (try token.grantID, try OpaqueToken.hash(token.secret)) }
            let rules = settings.refresh
            return try stored { () throws(GrantStoreError) in
                try store.update(GrantKey(.refresh, id), now: now) { record in
                    guard var grant = RefreshGrant(record?.value), grant.subject.client == client.id, grant.isCurrent(hash, now: now, rules) else {
                        return
                    }
                    grant.revoke()
                    record?.value = grant.json
                }
            }
        }
        guard let claims = try verify(accessToken: text, now: now), claims["client_id"]?.string == client.id, let id = claims["jti"]?.string,
            let expires = claims["exp"]?.int
        else { return }
        try stored { () throws(GrantStoreError) in
            try store.update(GrantKey(.revoked, id), now: now) { $0 = GrantRecord(.bool(true), expires: expires) }
        }
    }

    /// What a token is worth (RFC 7662 §2.2), for the client that it belongs to and for resource servers.
    package func introspect(_ text: String, _ client: OAuthClient, now: Int) throws(OAuthError) -> JSON {
        guard !client.isPublic else { throw OAuthError(.invalidClient, "Only a client with a secret may introspect tokens.") }
        let inactive: JSON = ["active": false]
        if let token = RefreshToken(parsing: text) {
            let (id, hash) = try random { () throws(CryptoError) in (try token.grantID, try OpaqueToken.hash(token.secret)) }
            let record = try stored { () throws(GrantStoreError) in try store.record(GrantKey(.refresh, id), now: now) }
            guard let grant = RefreshGrant(record?.value), grant.isCurrent(hash, now: now, settings.refresh),
                grant.subject.client == client.id || client.introspects
            else { return inactive }
            return .object([
                "active": true, "client_id": .string(grant.subject.client), "sub": .string(grant.subject.user), "iss": .string(settings.issuer),
                "scope": .string(grant.subject.scopes.text), "exp": .number(JSONNumber(grant.expires(settings.refresh))),
            ])
        }
        guard case .object(var object) = try verify(accessToken: text, now: now), object["client_id"]?.string == client.id || client.introspects
        else { return inactive }
        object["active"] = true
        object["token_type"] = "Bearer"
        if let name = object["sub"]?.string.flatMap({ user(subject: $0) })?.username { object["username"] = .string(name) }
        return .object(object)
    }
}
