import Primitives

/// An authorization code (RFC 6749 §4.1): good for one try of its own client.
package struct CodeGrant: Sendable, Equatable {
    package enum State: Equatable, Sendable {
        case issued
        /// By a try that succeeded; names what came of it.
        case redeemed(grant: String)
        /// By a try that failed.
        case spent
    }

    package enum Outcome: Equatable, Sendable {
        case granted(GrantSubject)
        case refused(OAuthError)
        /// It came a second time, so somebody has stolen it: what came of it the first time has to be revoked (§4.1.2).
        case replayed(grant: String)
    }

    package let subject: GrantSubject
    package let redirectURI: String
    package let challenge: String
    /// Seconds of the Unix clock.
    package let expires: Int
    package private(set) var state = State.issued

    package init(subject: GrantSubject, redirectURI: String, challenge: String, expires: Int) {
        self.subject = subject
        self.redirectURI = redirectURI
        self.challenge = challenge
        self.expires = expires
    }

    /// The client brings the code.
    ///
    /// - Parameter grant: what is to come of it.
    package mutating func redeem(client: String, redirectURI: String?, verifier: String?, grant: String, now: Int) -> Outcome {
        // Another client must not be able to use the code up.
        guard client == subject.client else { return .refused(CodeGrant.invalid) }
        switch state {
        case .redeemed(let grant): return .replayed(grant: grant)
        case .spent: return .refused(CodeGrant.invalid)
        case .issued: break
        }
        state = .spent
        guard now < expires, redirectURI == self.redirectURI, let verifier, ProofKey.verifies(verifier, challenge: challenge) else {
            return .refused(CodeGrant.invalid)
        }
        state = .redeemed(grant: grant)
        return .granted(subject)
    }

    /// The same for all that can be wrong, so that nobody finds out by trying.
    package static let invalid = OAuthError(
        .invalidGrant, "The code is unknown, expired or used, or redirect_uri or code_verifier are not those of the authorization request.")

    var json: JSON {
        var object: JSONObject = [
            "subject": subject.json, "redirect_uri": .string(redirectURI), "challenge": .string(challenge), "exp": .number(JSONNumber(expires)),
        ]
        switch state {
        case .issued: break
        case .redeemed(let grant): object["grant"] = .string(grant)
        case .spent: object["spent"] = .bool(true)
        }
        return .object(object)
    }

    init?(_ json: JSON?) {
        guard let json, let subject = GrantSubject(json["subject"]), let redirectURI = json["redirect_uri"]?.string,
            let challenge = json["challenge"]?.string, let expires = json["exp"]?.int
        else { return nil }
        self.init(subject: subject, redirectURI: redirectURI, challenge: challenge, expires: expires)
        if let grant = json["grant"]?.string { state = .redeemed(grant: grant) }
        if json["spent"]?.bool == true { state = .spent }
    }
}
