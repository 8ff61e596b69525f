import GatewayCore
import Identity
import PolicyKit
import Primitives

/// Finds the consumer whose credential `jwtClaim` a token's claims match.
struct TokenConsumers: Sendable {
    enum Answer {
        case found(Consumer)
        case none
        case unavailable
    }

    private let claim: String
    let isRequired: Bool
    private let identities: IdentityDirectory

    init(claim: String, isRequired: Bool, _ identities: IdentityDirectory) {
        self.claim = claim
        self.isRequired = isRequired
        self.identities = identities
    }

    /// A credential for tokens of this issuer alone comes before one for those of any.
    func find(_ claims: JSONObject, now: Int) async -> Answer {
        guard let value = claims[claim]?.string ?? claims[claim]?.number?.text else { return .none }
        for key in keys(value, issuer: claims["iss"]?.string) {
            switch await identities.find(key) {
            case .found(let record): return record.counts(at: now) ? .found(record.consumer) : .none
            case .none: continue
            case .unavailable: return .unavailable
            }
        }
        return .none
    }

    private func keys(_ value: String, issuer: String?) -> [IdentityKey] {
        guard let maker = try? IdentityKeyMaker() else { return [] }
        return claim.withView { claim in
            value.withView { value in
                let ofIssuer = issuer.flatMap { issuer in issuer.withView { maker.jwtClaim(claim, value: value, issuer: $0) } }
                return [ofIssuer, maker.jwtClaim(claim, value: value, issuer: nil)].compactMap { $0 }
            }
        }
    }
}
