import Primitives

/// The grant of a device without browser or keyboard, while a person decides about it elsewhere (RFC 8628).
package struct DeviceGrant: Sendable, Equatable {
    package enum State: Equatable, Sendable {
        case pending
        case approved(GrantSubject)
        case denied
        case redeemed
    }

    package enum Outcome: Equatable, Sendable {
        case granted(GrantSubject)
        case refused(OAuthError)
    }

    package let client: String
    package let scopes: ScopeList
    package let userCode: String
    /// Seconds of the Unix clock.
    package let expires: Int
    package private(set) var state = State.pending
    /// Seconds that have to lie between two questions.
    package private(set) var interval: Int
    private var lastPoll: Int?

    package init(client: String, scopes: ScopeList, userCode: String, expires: Int, interval: Int) {
        self.client = client
        self.scopes = scopes
        self.userCode = userCode
        self.expires = expires
        self.interval = interval
    }

    /// The device asks whether it has been decided.
    package mutating func poll(client: String, now: Int) -> Outcome {
        guard client == self.client else { return .refused(DeviceGrant.invalid) }
        guard now < expires else { return .refused(OAuthError(.expiredToken, "The device code has expired; begin again.")) }
        switch state {
        case .redeemed: return .refused(DeviceGrant.invalid)
        case .denied: return .refused(OAuthError(.accessDenied, "The user has refused."))
        case .approved(let subject):
            state = .redeemed
            return .granted(subject)
        case .pending: break
        }
        defer { lastPoll = now }
        // A second less, because clocks are cut off to seconds.
        if let lastPoll, now - lastPoll + 1 < interval {
            interval += 5
            return .refused(OAuthError(.slowDown, "The device asks too often; the interval is 5 seconds longer now."))
        }
        return .refused(OAuthError(.authorizationPending, "The user has not decided yet."))
    }

    /// A person decides; nil: refuses. False: there is nothing to decide any more.
    package mutating func decide(_ subject: GrantSubject?, now: Int) -> Bool {
        guard state == .pending, now < expires else { return false }
        state = subject.map { .approved($0) } ?? .denied
        return true
    }

    package static let invalid = OAuthError(.invalidGrant, "The device code is unknown or used, or was issued to another client.")

    var json: JSON {
        var object: JSONObject = [
            "client": .string(client), "scope": .string(scopes.text), "user_code": .string(userCode), "exp": .number(JSONNumber(expires)),
            "interval": .number(JSONNumber(interval)),
        ]
        if let lastPoll { object["polled"] = .number(JSONNumber(lastPoll)) }
        switch state {
        case .pending: break
        case .approved(let subject): object["subject"] = subject.json
        case .denied: object["denied"] = .bool(true)
        case .redeemed: object["redeemed"] = .bool(true)
        }
        return .object(object)
    }

    init?(_ json: JSON?) {
        guard let json, let client = json["client"]?.string, let scopes = json["scope"]?.string.flatMap(ScopeList.init(parsing:)),
            let userCode = json["user_code"]?.string, let expires = json["exp"]?.int, let interval = json["interval"]?.int
        else { return nil }
        self.init(client: client, scopes: scopes, userCode: userCode, expires: expires, interval: interval)
        lastPoll = json["polled"]?.int
        if let subject = GrantSubject(json["subject"]) { state = .approved(subject) }
        if json["denied"]?.bool == true { state = .denied }
        if json["redeemed"]?.bool == true { state = .redeemed }
    }
}
