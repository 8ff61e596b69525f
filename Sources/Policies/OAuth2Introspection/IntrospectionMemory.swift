import GatewayCore
import Identity
import PolicyKit
import Primitives
import Reactor
import Schema

/// What one event loop knows of the tokens that it has seen. Tokens that are not active have a cache of their own, so that a flood of
/// invented ones forgets none that is.
struct IntrospectionMemory {
    private let hash: KeyedHash?
    private var accepted: DecisionCache<IntrospectionFinding>
    private var refused: DecisionCache<IntrospectionFinding>
    private let lifetime: Nanoseconds
    private let refusedLifetime: Nanoseconds
    let flights = SingleFlight<Result<IntrospectionFinding, GatewayError>>()

    static func forLoops(_ config: OAuth2Introspection.Config, _ context: PolicyContext) throws(PolicyError) -> LoopLocal<IntrospectionMemory> {
        let secret: KeyedHash.Secret
        do throws(CryptoError) {
            secret = try BasicAuth.processSecret.get()
            _ = try KeyedHash(secret)
        } catch {
            throw PolicyError("tokens can't be remembered: \(error)")
        }
        let capacity = config.cacheCapacity, lifetime = config.cache.nanoseconds, refused = config.negativeCache.nanoseconds
        return LoopLocal(loops: context.loops) {
            IntrospectionMemory(hash: try? KeyedHash(secret), capacity: capacity, lifetime: lifetime, refusedLifetime: refused)
        }
    }

    init(hash: KeyedHash?, capacity: Int, lifetime: Nanoseconds, refusedLifetime: Nanoseconds) {
        self.hash = hash
        self.lifetime = lifetime
        self.refusedLifetime = refusedLifetime
        accepted = DecisionCache(capacity: lifetime > 0 ? capacity : 0)
        refused = DecisionCache(capacity: refusedLifetime > 0 ? capacity : 0)
    }

    func key(of token: ByteView) -> CredentialKey? { hash?.key(user: token, password: ByteView()) }

    mutating func known(_ key: CredentialKey, now: Instant) -> IntrospectionFinding? {
        accepted.value(of: key, now: now) ?? refused.value(of: key, now: now)
    }

    /// - Parameter seconds: since 1970, as tokens say when they end.
    mutating func remember(_ finding: IntrospectionFinding, for key: CredentialKey, now: Instant, seconds: Int) {
        switch finding {
        case .accepted(let principal): accepted.remember(finding, for: key, until: end(principal.expires, now, seconds))
        case .insufficient(let expires): accepted.remember(finding, for: key, until: end(expires, now, seconds))
        case .refused: refused.remember(finding, for: key, until: now + refusedLifetime)
        }
    }

    private func end(_ expires: Int?, _ now: Instant, _ seconds: Int) -> Instant {
        guard let expires else { return now + lifetime }
        let left = UInt64(max(0, min(expires &- seconds, 86_400)))
        return now + min(lifetime, left * 1_000_000_000)
    }
}
