package import GatewayCore
import Identity
package import PolicyKit
import Primitives
import Reactor
import Schema
import Synchronization

/// Lets in who brings a valid token: JSON Web Tokens (RFC 7519) as bearer tokens (RFC 6750), access tokens of RFC 9068 among them.
///
/// What an event loop has verified it remembers until it expires, so an exchange whose token is known costs no cryptography and no
/// task. A new token is verified at once, on the loop; only one that needs keys which are not there yet, or a consumer out of the
/// database, waits.
package final class JWT: Policy, AsyncRequestPolicy, ReportingPolicy {
    package static let id = "jwt"
    package static let example = """
        jwt: { issuer: "https://id.example", audience: orders, jwksUrl: "https://id.internal/jwks", consumerClaim: sub }
        """
    package static let reasons: [Reason] = [
        .credentialsMissing, .credentialsInvalid, .tokenExpired, .insufficientScope, .issuerUnavailable, .identityUnavailable,
    ]
    package static var provides: [Fact] { [.consumer, .claims] }
    package static var isGuard: Bool { true }
    package static var usesConsumers: Bool { true }

    let checks: TokenChecks
    private let places: TokenPlaces
    private let isOptional: Bool
    private let hidesToken: Bool
    private let challenges: TokenChallenges
    private let memory: LoopLocal<TokenMemory>
    private let accepted = Atomic<UInt64>(0)
    private let refused = Atomic<UInt64>(0)
    /// For the policy that takes this one's place.
    let documents: TokenDocuments

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        let loader = TokenKeyLoader(config, context)
        checks = try TokenChecks(config, context, loader)
        documents = loader.documents
        places = try TokenPlaces(config.from, config.$from.position)
        isOptional = config.optional
        hidesToken = config.hideCredentials
        try Challenge.check(realm: config.$realm)
        challenges = TokenChallenges(realm: config.realm, scopes: config.requiredScopes)
        let capacity = config.cache
        do throws(CryptoError) { _ = try IdentityKeyMaker() } catch { throw PolicyError("consumers can't be looked up: \(error)") }
        memory = LoopLocal(loops: context.loops) { TokenMemory(capacity: capacity) }
    }

    package func verdict(_ exchange: Exchange) -> Verdict? {
        switch places.read(exchange) {
        case .none: return withoutToken(exchange)
        case .several: return challenges.refuseSeveral(exchange)
        case .token(let token):
            guard checks.areFresh(on: exchange.loop) else { return nil }
            let version = checks.version
            if let grant = memory[exchange].cache.value(of: token, version: version, now: exchange.unixSeconds) {
                return accept(grant, exchange)
            }
            guard let keys = memory[exchange].keys else { return .refuse(.internalError) }
            switch checks.verify(token, now: exchange.unixSeconds, keys) {
            case .accepted(let grant):
                remember(grant, token, version, exchange)
                return accept(grant, exchange)
            case .refused(let flaw): return refuse(flaw, exchange)
            case .needs: return nil
            }
        }
    }

    package func onRequest(_ exchange: Exchange) async -> Verdict {
        let token: [UInt8]
        switch places.read(exchange) {
        case .none: return withoutToken(exchange)
        case .several: return challenges.refuseSeveral(exchange)
        case .token(let view): token = view.array
        }
        await checks.refresh(on: exchange.loop)
        var awaited: [TokenNeed] = []
        while true {
            // Another exchange may have asked for the same meanwhile.
            let version = checks.version
            if let grant = token.withView({ memory[exchange].cache.value(of: $0, version: version, now: exchange.unixSeconds) }) {
                return accept(grant, exchange)
            }
            guard let keys = memory[exchange].keys else { return .refuse(.internalError) }
            var result = token.withView { checks.verify($0, now: exchange.unixSeconds, keys) }
            if case .needs(.consumer(let verified, let names)) = result { result = await checks.ask(for: verified, names) }
            switch result {
            case .accepted(let grant):
                token.withView { remember(grant, $0, version, exchange) }
                return accept(grant, exchange)
            case .refused(let flaw): return refuse(flaw, exchange)
            case .needs(let need):
                // What was waited for and is still not there will not come soon.
                guard !awaited.contains(where: { $0.isSame(as: need) }) else {
                    return need.refusal.map { refuse($0, exchange) } ?? unavailable(need)
                }
                awaited.append(need)
                await need.satisfy(on: exchange.loop)
            }
        }
    }

    package var figures: [PolicyFigure] {
        let read = checks.figures
        return [
            PolicyFigure(
                "jwt_verified", .counter, accepted.load(ordering: .relaxed), "Tokens that were verified; those that are remembered don't count."),
            PolicyFigure("jwt_refused", .counter, refused.load(ordering: .relaxed), "Tokens that were refused."),
            PolicyFigure("jwt_loads", .counter, read.loads, "Key sets and lists of revoked tokens that were asked for."),
            PolicyFigure("jwt_load_failures", .counter, read.failures, "Those of them that could not be read."),
        ]
    }

    // MARK: Answering

    private func withoutToken(_ exchange: Exchange) -> Verdict {
        guard isOptional else { return challenges.refuseMissing(exchange) }
        checks.headers.remove(from: exchange.request.fields)
        return .proceed
    }

    private func accept(_ grant: TokenGrant, _ exchange: Exchange) -> Verdict {
        exchange.identify(grant.principal)
        checks.headers.write(grant.headers, to: exchange.request.fields)
        if hidesToken { places.remove(from: exchange) }
        return .proceed
    }

    private func refuse(_ flaw: TokenFlaw, _ exchange: Exchange) -> Verdict {
        refused.add(1, ordering: .relaxed)
        return challenges.refuse(flaw, exchange)
    }

    private func unavailable(_ need: TokenNeed) -> Verdict {
        if case .consumer = need { return .refuse(.identityUnavailable) }
        return .refuse(GatewayError(.issuerUnavailable, .gateway, "Tokens can't be verified at the moment; try again shortly."))
    }

    private func remember(_ grant: TokenGrant, _ token: ByteView, _ version: UInt64, _ exchange: Exchange) {
        accepted.add(1, ordering: .relaxed)
        memory[exchange].cache.remember(grant, for: token, version: version, until: grant.end, now: exchange.unixSeconds)
    }
}

/// What is known of a token that was verified.
final class TokenGrant: Sendable {
    let principal: Principal
    let headers: ClaimHeaders.Values
    /// Seconds since 1970 from which on it has to be verified anew.
    let end: Int

    init(_ principal: Principal, _ headers: ClaimHeaders.Values, end: Int) {
        self.principal = principal
        self.headers = headers
        self.end = end
    }
}

/// What one event loop needs and knows.
struct TokenMemory {
    var cache: TokenCache<TokenGrant>
    let keys: IdentityKeyMaker?

    init(capacity: Int) {
        cache = TokenCache(capacity: capacity, seed: .random(in: .min ... .max))
        keys = try? IdentityKeyMaker()
    }
}
