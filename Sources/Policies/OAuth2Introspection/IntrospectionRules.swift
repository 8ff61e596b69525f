import Identity
import Primitives

/// What the answer of an introspection must say for a token to be let in (RFC 7662 §2.2). Pure.
struct IntrospectionRules: Sendable {
    let issuer: String?
    let audience: [String]
    let scopes: [String]

    /// What is kept of a token that is let in.
    struct Token: Equatable, Sendable {
        var subject: String
        var scopes: [String]
        var expires: Int?
    }

    enum Outcome: Equatable {
        case accepted(Token)
        case insufficient(until: Int?)
        case refused
    }

    /// A member of the wrong type refuses: whoever answers so may mean anything.
    ///
    /// - Parameter now: seconds since 1970.
    func check(_ answer: JSONObject, now: Int) -> Outcome {
        guard answer["active"]?.bool == true else { return .refused }
        do throws(TokenFlaw) {
            let expires = try answer.date("exp"), begins = try answer.date("nbf")
            if let expires, expires <= now { return .refused }
            if let begins, begins > now { return .refused }
            let named = try answer.text("iss")
            if let issuer, named != issuer { return .refused }
            guard namesAudience(answer["aud"]) else { return .refused }
            let granted = try answer.scopes()
            guard scopes.allSatisfy(granted.contains) else { return .insufficient(until: expires) }
            let names = [try answer.text("sub"), try answer.text("username"), try answer.text("client_id")]
            return .accepted(Token(subject: names.compactMap { $0 }.first ?? "", scopes: granted, expires: expires))
        } catch {
            return .refused
        }
    }

    private func namesAudience(_ value: JSON?) -> Bool {
        if audience.isEmpty { return true }
        let named = value?.strings ?? value?.string.map { [$0] } ?? []
        return named.contains { audience.contains($0) }
    }
}
