import Primitives

/// What stays of a grant once tokens were issued for it: its current refresh token, which every use replaces (RFC 9700 §4.14.2).
package struct RefreshGrant: Sendable, Equatable {
    package struct Rules: Sendable, Equatable {
        /// Seconds without use after which the grant is over.
        package var idle: Int
        /// Seconds after which it is over anyway.
        package var total: Int
        /// Seconds for which the token that was just replaced is still good, for clients that never received the new one. 0: not at all.
        package var leeway: Int

        package init(idle: Int, total: Int, leeway: Int = 0) {
            self.idle = idle
            self.total = total
            self.leeway = leeway
        }
    }

    package enum Outcome: Equatable, Sendable {
        case granted(GrantSubject)
        case refused
        /// A token came that had been replaced: either it or the new one was stolen, so the grant has been revoked.
        case reused
    }

    package let subject: GrantSubject
    /// Seconds of the Unix clock.
    package let started: Int
    package private(set) var lastUsed: Int
    package private(set) var isRevoked = false
    /// Hashes of the current token and of the one before.
    private var current: String
    private var previous: String?

    package init(subject: GrantSubject, token: String, now: Int) {
        self.subject = subject
        started = now
        lastUsed = now
        current = token
    }

    /// When the grant is over.
    package func expires(_ rules: Rules) -> Int { min(lastUsed + rules.idle, started + rules.total) }

    /// The client brings a refresh token.
    ///
    /// - Parameters:
    ///   - token: its hash.
    ///   - next: the hash of the one that is to replace it.
    package mutating func rotate(client: String, token: String, next: String, now: Int, _ rules: Rules) -> Outcome {
        guard client == subject.client, !isRevoked, now < expires(rules) else { return .refused }
        let isCurrent = RefreshGrant.equal(token, current)
        let isRetried = previous.map { RefreshGrant.equal(token, $0) } ?? false && now - lastUsed < rules.leeway
        guard isCurrent || isRetried else {
            isRevoked = true
            return .reused
        }
        // After a retry the one before stays good for another: what was made in between is what nobody has received.
        if isCurrent { previous = current }
        current = next
        lastUsed = now
        return .granted(subject)
    }

    package mutating func revoke() { isRevoked = true }

    /// Whether the token is the one that counts at the moment.
    package func isCurrent(_ token: String, now: Int, _ rules: Rules) -> Bool {
        !isRevoked && now < expires(rules) && RefreshGrant.equal(token, current)
    }

    private static func equal(_ a: String, _ b: String) -> Bool { ConstantTime.equal(Array(a.utf8), Array(b.utf8)) }

    var json: JSON {
        var object: JSONObject = [
            "subject": subject.json, "started": .number(JSONNumber(started)), "used": .number(JSONNumber(lastUsed)), "token": .string(current),
        ]
        if let previous { object["previous"] = .string(previous) }
        if isRevoked { object["revoked"] = .bool(true) }
        return .object(object)
    }

    init?(_ json: JSON?) {
        guard let json, let subject = GrantSubject(json["subject"]), let started = json["started"]?.int, let used = json["used"]?.int,
            let token = json["token"]?.string
        else { return nil }
        self.init(subject: subject, token: token, now: started)
        lastUsed = used
        previous = json["previous"]?.string
        isRevoked = json["revoked"]?.bool ?? false
    }
}
