import Primitives

/// Who has granted what to whom: what codes, device codes and refresh tokens lead to.
package struct GrantSubject: Sendable, Equatable {
    package var client: String
    package var user: String
    package var scopes: ScopeList
    /// When the user logged in, in seconds of the Unix clock.
    package var authTime: Int
    /// The login, `sid` of id tokens; nil where there was none in the client's browser.
    package var session: String?
    /// Of the request, for the id token.
    package var nonce: String?

    package init(client: String, user: String, scopes: ScopeList, authTime: Int, session: String? = nil, nonce: String? = nil) {
        self.client = client
        self.user = user
        self.scopes = scopes
        self.authTime = authTime
        self.session = session
        self.nonce = nonce
    }

    var json: JSON {
        var object: JSONObject = [
            "client": .string(client), "user": .string(user), "scope": .string(scopes.text), "auth_time": .number(JSONNumber(authTime)),
        ]
        if let session { object["sid"] = .string(session) }
        if let nonce { object["nonce"] = .string(nonce) }
        return .object(object)
    }

    init?(_ json: JSON?) {
        guard let json, let client = json["client"]?.string, let user = json["user"]?.string,
            let scopes = json["scope"]?.string.flatMap(ScopeList.init(parsing:)), let authTime = json["auth_time"]?.int
        else { return nil }
        self.init(
            client: client, user: user, scopes: scopes, authTime: authTime, session: json["sid"]?.string, nonce: json["nonce"]?.string)
    }
}
