import Expressions
package import GatewayCore
import Model
package import PolicyKit
import Primitives
import Reactor
import Schema
import SharedState

/// Limits how many requests may come in how much time, exactly and across event loops and gateways (`docs/guides/rate-limiting.md`).
package final class RateLimit: Policy, AsyncRequestPolicy, ResponsePolicy {
    package static let id = "rate-limit"
    package static let example = """
        rate-limit: { limit: 100, window: 1m }
        """
    package static let reasons: [Reason] = [.rateLimited, .limitUnknown]
    package static var isGuard: Bool { true }

    let tiers: ContiguousArray<RateLimitTier>
    let key: CompiledRequestKey
    let store: StoreKind
    private let cost: RateLimitCost
    private let costFrom: Expression?
    private let queue: RateLimitQueue?
    private let onFailure: OnStoreFailure
    let failures = StoreFailures()
    private let hasFields: Bool
    private let isDryRun: Bool
    private let refusal = GatewayError(.rateLimited, "Too many requests have come in too short a time.")

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        let store = try context.store(config.store, at: config.$store.position)
        try config.check()
        self.store = store.kind
        key = try CompiledRequestKey(
            config.by, AddressPrefix(v4: config.ipv4Prefix, v6: config.ipv6Prefix), at: config.$by.position, context,
            isText: store.kind != .memory)
        cost = try RateLimitCost(config.cost, context)
        var costFrom: Expression?
        if let text = config.costFrom { costFrom = try context.compile(text, "costFrom", expecting: .int, isResponseKnown: true) }
        self.costFrom = costFrom
        tiers = try RateLimitTier.all(config, context, store, memory: context.stores.memory)
        queue = config.queue.map { RateLimitQueue($0) }
        onFailure = config.onStoreFailure
        isDryRun = config.dryRun
        hasFields = config.headers != .none && !config.dryRun
    }

    package static func needs(_ config: Config) -> [Fact] { config.by.keys.contains(.consumer) ? [.consumer] : [] }

    package func phases(on route: RouteFacts) -> PolicyPhases { hasFields || costFrom != nil ? [.request, .response] : [.request] }

    package func verdict(_ exchange: Exchange) -> Verdict? {
        let place = tier(exchange), tier = tiers[place]
        let cost = cost.units(exchange)
        let loop = exchange.loop
        let key = key.bytes(exchange)
        if let queue, queue.hasLine(key) { return nil }
        guard let decision = tier.limiter.takeNow(key, cost: cost, now: loop.now, wall: loop.wallClock) else { return nil }
        if queue != nil, !decision.allowed, !isDryRun { return nil }
        if costFrom != nil, decision.allowed { reserve(key.array, cost, tier.limiter, exchange) }
        return conclude(decision, place, exchange)
    }

    package func onRequest(_ exchange: Exchange) async -> Verdict {
        let place = tier(exchange), tier = tiers[place]
        let cost = cost.units(exchange)
        let key = key.bytes(exchange).array
        var answer = RateLimitAnswer.failed
        if let queue, !isDryRun {
            // A decision that sent the request here is asked for again: it cost nothing.
            let decision = await queue.wait(exchange, key) {
                answer = await self.ask(tier, key, cost, exchange)
                return answer.decision
            }
            guard !Task.isCancelled else { return .proceed }
            if let decision, answer.decision == nil { answer = .decided(decision, by: tier.limiter) }
        } else {
            answer = await ask(tier, key, cost, exchange)
            guard !Task.isCancelled else { return .proceed }
        }
        switch answer {
        case .decided(let decision, let limiter):
            if costFrom != nil, decision.allowed { reserve(key, cost, limiter, exchange) }
            return conclude(decision, place, exchange)
        case .failed:
            failures.note(exchange)
            guard onFailure == .deny, !isDryRun else { return .proceed }
            return .refuse(GatewayError(.limitUnknown, "Whether the request is within its limits can't be found out now."))
        }
    }

    package func onResponse(_ exchange: Exchange) -> Verdict {
        let memo = exchange.memo
        if let costFrom, let reservation = memo.object as? RateLimitReservation, case .int(let cost) = exchange.evaluate(costFrom) {
            let difference = max(0, cost) &- reservation.cost
            if difference != 0 { reservation.key.withView { reservation.limiter.settle($0, cost: difference, on: exchange.loop) } }
        }
        if hasFields, let left = RateLimitLeft(memo), tiers.indices.contains(left.tier) { tiers[left.tier].fields.add(left, to: exchange) }
        return .proceed
    }

    /// The tier whose condition holds. One that can't be evaluated does not hold.
    private func tier(_ exchange: Exchange) -> Int {
        var place = 0
        while place < tiers.count - 1 {
            if let condition = tiers[place].condition, exchange.test(condition) ?? false { return place }
            place += 1
        }
        return place
    }

    /// Asks the store, and what counts in its place while it does not answer.
    private func ask(_ tier: RateLimitTier, _ key: [UInt8], _ cost: Int, _ exchange: Exchange) async -> RateLimitAnswer {
        let loop = exchange.loop
        if let decision = key.withView({ tier.limiter.takeNow($0, cost: cost, now: loop.now, wall: loop.wallClock) }) {
            return .decided(decision, by: tier.limiter)
        }
        if case .success(let decision) = await tier.limiter.take(key, cost: cost, on: loop) { return .decided(decision, by: tier.limiter) }
        guard let local = tier.local else { return .failed }
        if !Task.isCancelled { failures.note(exchange) }
        let decision = key.withView { local.takeNow($0, cost: cost, now: loop.now, wall: loop.wallClock) }
        return decision.map { .decided($0, by: local) } ?? .failed
    }

    private func reserve(_ key: [UInt8], _ cost: Int, _ limiter: any Limiter, _ exchange: Exchange) {
        exchange.memo.object = RateLimitReservation(key, cost: cost, from: limiter)
    }

    private func conclude(_ decision: RateDecision, _ place: Int, _ exchange: Exchange) -> Verdict {
        let fields = tiers[place].fields
        if isDryRun {
            if !decision.allowed { fields.noteDryRun(exchange) }
            return .proceed
        }
        if hasFields {
            let left = RateLimitLeft(decision, tier: place).memo
            exchange.memo.first = left.first
            exchange.memo.second = left.second
        }
        if decision.allowed { return .proceed }
        exchange.response.fields.append(.retryAfter) { $0.append(decimal: fields.retryAfter(decision)) }
        return .refuse(refusal)
    }
}

/// What came of asking.
private enum RateLimitAnswer {
    case decided(RateDecision, by: any Limiter)
    /// Nobody can say.
    case failed

    var decision: RateDecision? {
        if case .decided(let decision, _) = self { decision } else { nil }
    }
}

extension Reason {
    package static let rateLimited = Reason("rate_limited", 429, "Too many requests")
    package static let limitUnknown = Reason("limit_unknown", 503, "The limit can't be checked now")
}
