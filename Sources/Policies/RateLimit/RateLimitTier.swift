import Expressions
import GatewayCore
import Model
import PolicyKit
import SharedState

/// The windows that hold for some requests, and the counters behind them.
final class RateLimitTier: Sendable {
    /// Most tiers beside the last.
    static let most = 32

    /// Nil: for all requests that no other is for.
    let condition: Expression?
    let limiter: any Limiter
    /// What counts while the store of `limiter` does not answer; nil where that can't happen, or is not wanted.
    let local: (any Limiter)?
    let fields: RateLimitFields

    private init(condition: Expression?, limiter: any Limiter, local: (any Limiter)?, fields: RateLimitFields) {
        self.condition = condition
        self.limiter = limiter
        self.local = local
        self.fields = fields
    }

    /// Those of a configuration, in order; the last is for all others.
    static func all(
        _ config: RateLimit.Config, _ context: PolicyContext, _ store: any SharedStore, memory: any SharedStore
    ) throws(PolicyError) -> ContiguousArray<RateLimitTier> {
        var tiers: ContiguousArray<RateLimitTier> = []
        func add(_ windows: [RateWindow], _ condition: Expression?, _ name: String) {
            let specification = LimiterSpecification(
                name: name, windows: windows, algorithm: config.algorithm, capacity: config.capacity, countsRefused: config.count == .all)
            let isAlone = store.kind == .memory || config.onStoreFailure != .local
            tiers.append(
                RateLimitTier(
                    condition: condition, limiter: store.limiter(specification), local: isAlone ? nil : memory.limiter(specification),
                    fields: RateLimitFields(config.headers, label: context.label, windows)))
        }
        for (index, tier) in config.limits.enumerated() {
            let condition = try context.compile(tier.when, "limits[\(index)].when", expecting: .bool)
            add(try RateLimitWindows(tier, index, config.algorithm).rates(), condition, "\(context.place)/\(index + 1)")
        }
        add(try RateLimitWindows(config).rates(), nil, context.place)
        return tiers
    }
}
