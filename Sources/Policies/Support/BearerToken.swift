import GatewayCore
import PolicyKit
import Primitives

/// The token of a request's `Authorization` field (RFC 6750 §2.1).
enum BearerToken {
    case missing
    /// More than one field: the upstream might believe another one than the gateway.
    case several
    /// Valid until the fields change.
    case token(ByteView)

    static func read(_ fields: HeaderFields) -> BearerToken {
        var found: ByteView?
        var count = 0
        fields.forEach(named: ByteView("authorization")) { value in
            count += 1
            found = value
            return count < 2
        }
        guard count < 2 else { return .several }
        guard let found, found.count > 7, found[6] == 0x20, found.prefix(6).equalsIgnoringCase("bearer") else { return .missing }
        let token = found.dropFirst(7).trimmed
        return token.isEmpty ? .missing : .token(token)
    }
}

/// What requests without the right token are answered (RFC 6750 §3).
struct BearerChallenges: Sendable {
    private let plain: Challenge
    private let wrong: Challenge
    private let lacking: Challenge

    /// - Parameter scopes: those that are needed.
    init(realm: String, scopes: [String]) {
        plain = Challenge(scheme: "Bearer", [("realm", realm)])
        wrong = Challenge(scheme: "Bearer", [("realm", realm), ("error", "invalid_token")])
        let scope = scopes.isEmpty ? [] : [(name: "scope", value: scopes.joined(separator: " "))]
        lacking = Challenge(scheme: "Bearer", [("realm", realm), ("error", "insufficient_scope")] + scope)
    }

    func missing(_ exchange: Exchange) -> Verdict { plain.refuse(.credentialsMissing, exchange, "This needs a bearer token.") }
    func invalid(_ exchange: Exchange) -> Verdict { wrong.refuse(.credentialsInvalid, exchange, "The token is not accepted.") }
    func insufficient(_ exchange: Exchange) -> Verdict { lacking.refuse(.insufficientScope, exchange, "The token does not allow this.") }
}
