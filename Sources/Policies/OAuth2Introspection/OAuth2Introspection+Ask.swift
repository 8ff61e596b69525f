import GatewayCore
import Identity
import PolicyKit
import Primitives
import Reactor

/// What has been found out of a token.
enum IntrospectionFinding: Sendable {
    case accepted(Principal)
    /// Active, without the scopes that are needed.
    case insufficient(until: Int?)
    case refused
}

extension OAuth2Introspection {
    /// Asks the issuer, and whose token it is.
    func ask(_ token: [UInt8], on loop: EventLoop) async -> Result<IntrospectionFinding, GatewayError> {
        let now = Int(truncatingIfNeeded: loop.wallClock / 1_000_000_000)
        switch await endpoint.ask(token, now: now, on: loop) {
        case .failure(let error): return .failure(error)
        case .success(let claims):
            switch rules.check(claims, now: now) {
            case .refused: return .success(.refused)
            case .insufficient(let end): return .success(.insufficient(until: end))
            case .accepted(let token): return await identify(token, claims, now: now)
            }
        }
    }

    private func identify(
        _ token: IntrospectionRules.Token, _ claims: JSONObject, now: Int
    ) async -> Result<IntrospectionFinding, GatewayError> {
        var consumer: Consumer?
        if let consumers {
            switch await consumers.find(claims, now: now) {
            case .found(let found): consumer = found
            case .none: if consumers.isRequired { return .success(.refused) }
            case .unavailable: return .failure(GatewayError(.identityUnavailable, .gateway, "The consumers' database does not answer."))
            }
        }
        let principal = Principal(
            method: OAuth2Introspection.id, subject: token.subject, consumer: consumer, scopes: token.scopes, claims: .object(claims),
            expires: token.expires)
        return .success(.accepted(principal))
    }
}
