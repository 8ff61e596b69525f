/// What a token server issues, and for how long. All times are seconds.
package struct TokenServerSettings: Sendable, Equatable {
    /// `iss` of all that is issued, without a slash at the end.
    package var issuer: String
    /// `aud` of access tokens, for clients that have none of their own.
    package var audience: [String]
    package var algorithm = SignatureAlgorithm.RS256
    package var accessTokenLifetime = 600
    package var codeLifetime = 60
    package var deviceLifetime = 600
    package var deviceInterval = 5
    package var refresh = RefreshGrant.Rules(idle: 30 * 86_400, total: 180 * 86_400)
    package var keyRotation = 30 * 86_400
    package var keyAhead = 86_400

    package init(issuer: String, audience: [String]) {
        self.issuer = issuer
        self.audience = audience
    }

    var schedule: SigningSchedule {
        SigningSchedule(rotation: keyRotation, ahead: min(keyAhead, keyRotation / 2), keep: accessTokenLifetime + 60)
    }
}

package enum GrantType: String, Sendable, CaseIterable {
    case authorizationCode = "authorization_code"
    case clientCredentials = "client_credentials"
    case refreshToken = "refresh_token"
    case deviceCode = "urn:ietf:params:oauth:grant-type:device_code"
}

/// An application that asks for tokens (RFC 6749 §2).
package struct OAuthClient: Sendable {
    package let id: String
    /// For people.
    package let name: String
    /// SHA-256 of each secret that counts; empty for a public client, which can't keep any.
    package let secrets: [[UInt8]]
    package let grants: Set<GrantType>
    package let redirectURIs: [RedirectURI]
    package let logoutURIs: [RedirectURI]
    /// What it may ask for.
    package let scopes: ScopeList
    package let audience: [String]
    /// Users are not asked whether it may.
    package let isTrusted: Bool
    /// It may introspect tokens of other clients: it is a resource server.
    package let introspects: Bool

    package init(
        id: String, name: String, secrets: [[UInt8]], grants: Set<GrantType>, redirectURIs: [RedirectURI] = [], logoutURIs: [RedirectURI] = [],
        scopes: ScopeList, audience: [String] = [], isTrusted: Bool = false, introspects: Bool = false
    ) {
        self.id = id
        self.name = name
        self.secrets = secrets
        self.grants = grants
        self.redirectURIs = redirectURIs
        self.logoutURIs = logoutURIs
        self.scopes = scopes
        self.audience = audience
        self.isTrusted = isTrusted
        self.introspects = introspects
    }

    package var isPublic: Bool { secrets.isEmpty }

    /// Whether the secret is one of the client's, in a time that does not tell which.
    package func accepts(secret: String) -> Bool {
        guard let hash = try? Digest.sha256(Array(secret.utf8)) else { return false }
        return secrets.reduce(false) { ConstantTime.equal($1, hash) || $0 }
    }
}
