package import Primitives

extension TokenServer {
    /// A JWT of RFC 9068.
    ///
    /// - Parameters:
    ///   - subjectOf: the grant of a user; nil for a client's own token.
    ///   - grantID: what it came of, so that it is revoked with that.
    func accessToken(
        subject: String, client: OAuthClient, scopes: ScopeList, subjectOf grant: GrantSubject?, grantID: String?, now: Int
    ) throws(OAuthError) -> String {
        let audience = client.audience.isEmpty ? settings.audience : client.audience
        let random = try random { () throws(CryptoError) in Base64URL.encode(try Random.bytes(12)) }
        var claims: JSONObject = [
            "iss": .string(settings.issuer), "sub": .string(subject), "aud": TokenServer.audience(audience), "client_id": .string(client.id),
            "iat": .number(JSONNumber(now)), "exp": .number(JSONNumber(now + settings.accessTokenLifetime)),
            "jti": .string(grantID.map { "\($0).\(random)" } ?? random), "scope": .string(scopes.text),
        ]
        if let grant { claims["auth_time"] = .number(JSONNumber(grant.authTime)) }
        if let user = user(subject: subject), grant != nil, !user.groups.isEmpty {
            claims["groups"] = .array(user.groups.map { .string($0) })
        }
        return try sign(claims, type: "at+jwt", now: now)
    }

    /// OpenID Connect Core §2.
    func idToken(_ grant: GrantSubject, client: OAuthClient, access: String, now: Int) throws(OAuthError) -> String {
        var claims: JSONObject = [
            "iss": .string(settings.issuer), "sub": .string(grant.user), "aud": .string(client.id), "iat": .number(JSONNumber(now)),
            "exp": .number(JSONNumber(now + settings.accessTokenLifetime)), "auth_time": .number(JSONNumber(grant.authTime)),
        ]
        if let nonce = grant.nonce { claims["nonce"] = .string(nonce) }
        if let session = grant.session { claims["sid"] = .string(session) }
        for (name, value) in user(subject: grant.user)?.claims(for: grant.scopes).members ?? [] where claims[name] == nil { claims[name] = value }
        return try sign(claims, type: "JWT", now: now)
    }

    func sign(_ claims: JSONObject, type: String, now: Int) throws(OAuthError) -> String {
        do {
            let key = try keys.signingKey(now: now)
            return try JSONWebToken.make(claims: .object(claims), header: ["typ": .string(type)], key: key, algorithm: keys.algorithm)
        } catch {
            throw OAuthError(.serverError, "The server can't sign.")
        }
    }

    private static func audience(_ names: [String]) -> JSON {
        names.count == 1 ? .string(names[0]) : .array(names.map { .string($0) })
    }

    /// The claims of a token that this server has signed, has not revoked, and that has not expired; nil for any other.
    package func verify(accessToken: String, now: Int) throws(OAuthError) -> JSON? {
        guard let claims = try verified(accessToken, type: "at+jwt", now: now), let expires = claims["exp"]?.int, now < expires,
            let id = claims["jti"]?.string
        else { return nil }
        let parts = id.split(separator: ".")
        let isRevoked = try stored { () throws(GrantStoreError) in try store.record(GrantKey(.revoked, id), now: now) != nil }
        guard !isRevoked else { return nil }
        guard parts.count == 2 else { return claims }
        let record = try stored { () throws(GrantStoreError) in try store.record(GrantKey(.refresh, String(parts[0])), now: now) }
        guard let grant = RefreshGrant(record?.value), !grant.isRevoked else { return nil }
        return claims
    }

    /// The claims of an id token that this server has signed, however old: a hint who logs out (RP-Initiated Logout §2).
    package func verify(idTokenHint: String, now: Int) throws(OAuthError) -> JSON? { try verified(idTokenHint, type: "JWT", now: now) }

    private func verified(_ text: String, type: String, now: Int) throws(OAuthError) -> JSON? {
        guard let token = try? SignedToken(parsing: text), token.header.type == type, let claims = try? token.claims(),
            claims["iss"]?.string == settings.issuer
        else { return nil }
        do throws(KeyRingError) {
            return try keys.hasSigned(token, now: now) ? .object(claims) : nil
        } catch {
            throw OAuthError(.serverError, "The server can't read its keys.")
        }
    }
}
