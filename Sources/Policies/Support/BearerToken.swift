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
        guard let found else { return .missing }
        let length = schemeLength(of: found)
        guard length > 0 else { return .missing }
        let token = found.dropFirst(length).trimmed
        return token.isEmpty ? .missing : .token(token)
    }

    /// Bytes of `Bearer ` or `DPoP ` (RFC 9449 §7.1) where something follows; 0: another scheme.
    static func schemeLength(of value: ByteView) -> Int {
        if value.count > 7, value[6] == 0x20, value.prefix(6).equalsIgnoringCase("bearer") { return 7 }
        if value.count > 5, value[4] == 0x20, value.prefix(4).equalsIgnoringCase("dpop") { return 5 }
        return 0
    }
}

/// What requests without the right token are answered (RFC 6750 §3).
struct BearerChallenges: Sendable {
    private let plain: Challenge
    private let double: Challenge
    private let wrong: Challenge
    private let lacking: Challenge

    /// - Parameter scopes: those that are needed.
    init(realm: String, scopes: [String]) {
        plain = Challenge(scheme: "Bearer", [("realm", realm)])
        double = Challenge(scheme: "Bearer", [("realm", realm), ("error", "invalid_request")])
        wrong = Challenge(scheme: "Bearer", [("realm", realm), ("error", "invalid_token")])
        let scope = scopes.isEmpty ? [] : [(name: "scope", value: scopes.joined(separator: " "))]
        lacking = Challenge(scheme: "Bearer", [("realm", realm), ("error", "insufficient_scope")] + scope)
    }

    func missing(_ exchange: Exchange) -> Verdict { plain.refuse(.credentialsMissing, exchange, "This needs a bearer token.") }

    func several(_ exchange: Exchange) -> Verdict {
        double.add(to: exchange)
        return .refuse(GatewayError(.credentialsInvalid, .downstream, status: 400, "There must be exactly one token."))
    }

    func invalid(_ exchange: Exchange) -> Verdict { wrong.refuse(.credentialsInvalid, exchange, "The token is not accepted.") }
    func insufficient(_ exchange: Exchange) -> Verdict { lacking.refuse(.insufficientScope, exchange, "The token does not allow this.") }
}
