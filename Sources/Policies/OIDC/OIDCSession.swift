import Identity
import Primitives

/// A login, as the sealed cookies of a browser hold it. Times are seconds of the Unix clock.
struct OIDCSession: Sendable, Equatable {
    /// Of this login, random: the same through all its refreshes.
    var id: String
    var provider: String
    var claims: JSONObject
    var started: Int
    var accessToken: String
    /// When the access token ends; nil where the provider does not say.
    var accessExpires: Int?
    var refreshToken: String?
    var idToken: String

    /// Names what is refreshed: requests with the same one need one refresh. Refresh tokens would not do, because some providers never replace
    /// them.
    var refreshKey: String { "\(id)\u{0}\(accessToken)" }

    var subject: String { claims["sub"]?.string ?? "" }
    /// The login at the provider, for its back-channel logout.
    var providerSession: String? { claims["sid"]?.string }

    init(
        id: String, provider: String, claims: JSONObject, started: Int, accessToken: String, accessExpires: Int?, refreshToken: String?,
        idToken: String
    ) {
        self.id = id
        self.provider = provider
        self.claims = claims
        self.started = started
        self.accessToken = accessToken
        self.accessExpires = accessExpires
        self.refreshToken = refreshToken
        self.idToken = idToken
    }

    /// Claims that say something about the token rather than about the person.
    private static let aboutTheToken: Set<String> = [
        "iss", "aud", "exp", "iat", "nbf", "nonce", "at_hash", "c_hash", "azp", "jti", "typ", "session_state",
    ]

    /// What is kept of an id token.
    static func kept(_ claims: JSONObject) -> JSONObject {
        var kept = JSONObject()
        for (name, value) in claims.members where !aboutTheToken.contains(name) { kept[name] = value }
        return kept
    }

    /// What has to be done before a request goes on.
    enum Condition: Equatable {
        case good
        /// The access token ends soon, or has ended; until then the session is good.
        case refresh(isAlive: Bool)
        case over
    }

    /// - Parameters:
    ///   - lifetime: of a login.
    ///   - ahead: how long before its end an access token is refreshed.
    func condition(now: Int, lifetime: Int, ahead: Int) -> Condition {
        guard started <= now + 60, now - started < lifetime else { return .over }
        guard refreshToken != nil, let accessExpires, now >= accessExpires - ahead else { return .good }
        return .refresh(isAlive: now < accessExpires)
    }
}

extension OIDCSession {
    var json: JSON {
        var object: JSONObject = [
            "id": .string(id), "p": .string(provider), "c": .object(claims), "t": .number(JSONNumber(started)), "a": .string(accessToken),
            "i": .string(idToken),
        ]
        if let accessExpires { object["e"] = .number(JSONNumber(accessExpires)) }
        if let refreshToken { object["r"] = .string(refreshToken) }
        return .object(object)
    }

    init?(_ json: JSON) {
        guard let id = json["id"]?.string, let provider = json["p"]?.string, let claims = json["c"]?.object, let started = json["t"]?.int,
            let access = json["a"]?.string, let idToken = json["i"]?.string
        else { return nil }
        self.init(
            id: id, provider: provider, claims: claims, started: started, accessToken: access, accessExpires: json["e"]?.int,
            refreshToken: json["r"]?.string, idToken: idToken)
    }
}
