import GatewayCore
import Identity
import PolicyKit
import Primitives

/// What requests are answered that are refused (RFC 6750 §3). Strangers learn no more than whether to get a new token; what exactly was
/// wrong stands in the access log, as `token`.
struct TokenChallenges: Sendable {
    private let missing: Challenge
    private let several: Challenge
    private let invalid: Challenge
    private let expired: Challenge
    private let scope: Challenge

    init(realm: String, scopes: [String]) {
        func challenge(_ error: String, _ description: String, _ more: [(name: String, value: String)] = []) -> Challenge {
            Challenge(scheme: "Bearer", [("realm", realm), ("error", error), ("error_description", description)] + more)
        }
        missing = Challenge(scheme: "Bearer", [("realm", realm)])
        several = challenge("invalid_request", "There must be exactly one token")
        invalid = challenge("invalid_token", "The token is not accepted")
        expired = challenge("invalid_token", "The token has expired")
        scope = challenge("insufficient_scope", "The token does not allow this", [("scope", scopes.joined(separator: " "))])
    }

    func refuseMissing(_ exchange: Exchange) -> Verdict { missing.refuse(.credentialsMissing, exchange, "This needs a bearer token.") }

    func refuseSeveral(_ exchange: Exchange) -> Verdict {
        several.add(to: exchange)
        return .refuse(GatewayError(.credentialsInvalid, .downstream, status: 400, "There must be exactly one token."))
    }

    func refuse(_ flaw: TokenFlaw, _ exchange: Exchange) -> Verdict {
        String(flaw.code.prefix(100)).withView { exchange.log(.text, ByteView("token"), $0) }
        switch flaw {
        case .expired, .tooOld: return expired.refuse(.tokenExpired, exchange, "The token has expired.")
        case .scopeMissing: return scope.refuse(.insufficientScope, exchange, "The token does not allow this.")
        default: return invalid.refuse(.credentialsInvalid, exchange, "The token is not accepted.")
        }
    }
}

extension Reason {
    static let tokenExpired = Reason("token_expired", 401, "The token has expired")
    static let insufficientScope = Reason("insufficient_scope", 403, "The token does not allow this")
    /// The keys of the issuer, or the list of what is revoked, were never loaded.
    static let issuerUnavailable = Reason("issuer_unavailable", 503, "Tokens can't be verified at the moment")
}
