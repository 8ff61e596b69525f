package import Primitives

/// Issues, replaces and revokes tokens: what the endpoints of an authorization server decide, without HTTP.
///
/// Methods may block on the store, and signing takes up to a millisecond, so they are not for event loops. `now` is seconds of the Unix clock.
package final class TokenServer: Sendable {
    package let settings: TokenServerSettings
    package let keys: KeyRing
    let store: any GrantStore
    private let clients: [String: OAuthClient]
    private let users: [String: OAuthUser]

    /// - Parameter users: each has a subject of their own.
    package init(_ settings: TokenServerSettings, clients: [OAuthClient], users: [OAuthUser], store: any GrantStore) {
        self.settings = settings
        self.store = store
        keys = KeyRing(store: store, schedule: settings.schedule, algorithm: settings.algorithm)
        self.clients = Dictionary(clients.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        self.users = Dictionary(users.map { ($0.subject, $0) }, uniquingKeysWith: { first, _ in first })
    }

    package func client(_ id: String) -> OAuthClient? { clients[id] }
    package func user(subject: String) -> OAuthUser? { users[subject] }

    /// What clients may ask for, all of them together.
    package var scopesOfClients: ScopeList { ScopeList(clients.keys.sorted().flatMap { clients[$0]?.scopes.names ?? [] }) }

    /// The client of a request, if it has proved to be that (RFC 6749 §2.3): by its secret, or, a public one, by nothing.
    package func authenticate(client id: String?, secret: String?) throws(OAuthError) -> OAuthClient {
        guard let id, let client = clients[id], client.isPublic ? secret == nil : secret.map(client.accepts) ?? false else {
            throw OAuthError(.invalidClient, "The client is unknown, or has not proved to be the one.")
        }
        return client
    }

    /// The scopes of a request: those that it names, or all that the client may have.
    package func scopes(_ asked: String?, for client: OAuthClient) throws(OAuthError) -> ScopeList {
        guard let asked else { return client.scopes.without("openid").without("offline_access") }
        guard let scopes = ScopeList(parsing: asked), scopes.isSubset(of: client.scopes) else {
            throw OAuthError(.invalidScope, "The client may not ask for a scope that it has asked for.")
        }
        return scopes
    }

    func require(_ grant: GrantType, of client: OAuthClient) throws(OAuthError) {
        guard client.grants.contains(grant) else { throw OAuthError(.unauthorizedClient, "The client may not use this grant.") }
    }

    // MARK: Client credentials

    /// RFC 6749 §4.4.
    package func clientCredentials(_ client: OAuthClient, scope: String?, now: Int) throws(OAuthError) -> IssuedTokens {
        try require(.clientCredentials, of: client)
        guard !client.isPublic else { throw OAuthError(.unauthorizedClient, "A client without a secret has no tokens of its own.") }
        let scopes = try scopes(scope, for: client).without("openid")
        return IssuedTokens(
            access: try accessToken(subject: client.id, client: client, scopes: scopes, subjectOf: nil, grantID: nil, now: now),
            scopes: scopes, lifetime: settings.accessTokenLifetime)
    }

    // MARK: What all grants need

    /// Does something with the store, whose failures are the server's.
    func stored<R>(_ body: () throws(GrantStoreError) -> R) throws(OAuthError) -> R {
        do throws(GrantStoreError) {
            return try body()
        } catch {
            switch error {
            case .full: throw OAuthError(.temporarilyUnavailable, "The server holds as many grants as it may.")
            case .failed: throw OAuthError(.serverError, "The server can't reach its store.")
            }
        }
    }

    func random<R>(_ body: () throws(CryptoError) -> R) throws(OAuthError) -> R {
        do throws(CryptoError) { return try body() } catch { throw OAuthError(.serverError, "The server has no random numbers.") }
    }

    /// The first tokens of a grant, and the refresh token if the client may have one.
    func begin(_ subject: GrantSubject, client: OAuthClient, token: RefreshToken, now: Int) throws(OAuthError) -> IssuedTokens {
        guard users[subject.user] != nil else { throw OAuthError(.invalidGrant, "The user does not exist any more.") }
        let (id, hash) = try random { () throws(CryptoError) in (try token.grantID, try OpaqueToken.hash(token.secret)) }
        // There is a grant even where it can't be refreshed: it is what a revocation takes back.
        let grant = RefreshGrant(subject: subject, token: hash, now: now)
        let refreshes = client.grants.contains(.refreshToken)
        let expires = refreshes ? grant.expires(settings.refresh) : now + settings.accessTokenLifetime
        try stored { () throws(GrantStoreError) in
            try store.update(GrantKey(.refresh, id), now: now) { $0 = GrantRecord(grant.json, expires: expires) }
        }
        return try tokens(subject, client: client, refresh: refreshes ? token.text : nil, grantID: id, now: now)
    }

    func tokens(_ subject: GrantSubject, client: OAuthClient, refresh: String?, grantID: String, now: Int) throws(OAuthError) -> IssuedTokens {
        let access = try accessToken(
            subject: subject.user, client: client, scopes: subject.scopes, subjectOf: subject, grantID: grantID, now: now)
        let isOpenID = subject.scopes.contains("openid")
        return IssuedTokens(
            access: access, refresh: refresh, id: isOpenID ? try idToken(subject, client: client, access: access, now: now) : nil,
            scopes: subject.scopes, lifetime: settings.accessTokenLifetime)
    }
}

/// The answer of a token endpoint (RFC 6749 §5.1).
package struct IssuedTokens: Sendable, Equatable {
    package let access: String
    package let refresh: String?
    package let id: String?
    package let scopes: ScopeList
    /// Of the access token, in seconds.
    package let lifetime: Int

    init(access: String, refresh: String? = nil, id: String? = nil, scopes: ScopeList, lifetime: Int) {
        self.access = access
        self.refresh = refresh
        self.id = id
        self.scopes = scopes
        self.lifetime = lifetime
    }

    package var json: JSON {
        var object: JSONObject = [
            "access_token": .string(access), "token_type": "Bearer", "expires_in": .number(JSONNumber(lifetime)), "scope": .string(scopes.text),
        ]
        if let refresh { object["refresh_token"] = .string(refresh) }
        if let id { object["id_token"] = .string(id) }
        return .object(object)
    }
}
