package import Primitives

/// A person who logs in at the token server.
package struct OAuthUser: Sendable {
    /// `sub` of tokens.
    package let subject: String
    package let username: String
    package let password: PasswordHash
    package let groups: [String]
    /// Claims by name: `name`, `email` …
    package let claims: JSONObject

    package init(subject: String, username: String, password: PasswordHash, groups: [String] = [], claims: JSONObject = JSONObject()) {
        self.subject = subject
        self.username = username
        self.password = password
        self.groups = groups
        self.claims = claims
    }

    /// What a client may know that was granted these scopes (OpenID Connect Core §5.4).
    package func claims(for scopes: ScopeList) -> JSONObject {
        var result = JSONObject()
        for (name, value) in claims.members where scopes.contains(OAuthUser.scope(of: name)) { result[name] = value }
        if scopes.contains("profile") { result["preferred_username"] = .string(username) }
        if scopes.contains("groups"), !groups.isEmpty { result["groups"] = .array(groups.map { .string($0) }) }
        return result
    }

    private static func scope(of claim: String) -> String {
        switch claim {
        case "email", "email_verified": "email"
        case "phone_number", "phone_number_verified": "phone"
        case "address": "address"
        default: "profile"
        }
    }
}
