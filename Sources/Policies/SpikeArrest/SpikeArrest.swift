package import GatewayCore
package import PolicyKit
import Primitives
import Reactor
import Schema
import SharedState
import Synchronization

/// Spreads requests evenly over time (`docs/guides/shaping.md`).
package final class SpikeArrest: Policy, AsyncRequestPolicy, ResponsePolicy, ReportingPolicy {
    package static let id = "spike-arrest"
    package static let example = """
        spike-arrest: { limit: 30, window: 1m }
        """
    package static let reasons: [Reason] = [.spikeArrested, .limitUnknown]
    package static var isGuard: Bool { true }

    private let slots: SpikeSlots
    private let limiter: StoredLimiter
    private let key: CompiledRequestKey
    private let fields: RateLimitFields
    private let isDryRun: Bool
    private let failures: StoreFailures
    private let refused = Atomic<UInt64>(0)
    private let queued = Atomic<UInt64>(0)
    private let refusal = GatewayError(.spikeArrested, "Requests have come in too quick succession.")

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        let slots = SpikeSlots(
            limit: config.limit, period: config.window.nanoseconds, burst: config.burst,
            queue: config.queue.map { ($0.size, $0.longest.nanoseconds) })
        if let queue = config.queue, slots.waiting == 0 {
            throw PolicyError(
                "nobody could wait: the next request goes after \(Duration.nanoseconds(Int64(clamping: slots.distance)).short)",
                at: queue.$longest.position, path: "queue.longest", remedy: "let requests wait for longer, or leave out `queue`")
        }
        self.slots = slots
        let choice = try StoreChoice(config.store, at: config.$store.position, config.onStoreFailure, context)
        limiter = StoredLimiter(
            LimiterSpecification(name: context.place, windows: [slots.window], algorithm: .gcra, capacity: config.capacity), choice)
        failures = choice.failures
        key = try CompiledRequestKey(
            config.by, AddressPrefix(v4: config.ipv4Prefix, v6: config.ipv6Prefix), at: config.$by.position, context,
            isText: choice.store.kind != .memory)
        let shown = RateWindow(limit: config.limit, period: config.window.nanoseconds, burst: config.burst)
        fields = RateLimitFields(config.headers, label: context.label, [shown])
        isDryRun = config.dryRun
    }

    package static func needs(_ config: Config) -> [Fact] { config.by.keys.contains(.consumer) ? [.consumer] : [] }

    package func phases(on route: RouteFacts) -> PolicyPhases { isDryRun || fields.kind == .none ? .request : [.request, .response] }

    package func verdict(_ exchange: Exchange) -> Verdict? {
        guard let decision = limiter.takeNow(key.bytes(exchange), cost: 1, on: exchange.loop) else { return nil }
        return verdict(decision, exchange)
    }

    package func onRequest(_ exchange: Exchange) async -> Verdict {
        if exchange.memo.object == nil {
            switch await limiter.take(key.bytes(exchange).array, cost: 1, exchange) {
            case .uncounted: return .proceed
            case .unavailable: return isDryRun ? .proceed : .refuse(.limitUnknown)
            case .decision(let decision, _): if let verdict = verdict(decision, exchange) { return verdict }
            }
        }
        guard let wait = exchange.memo.object as? SpikeWait else { return .proceed }
        queued.wrappingAdd(1, ordering: .relaxed)
        _ = await exchange.loop.sleep(for: wait.length)
        return .proceed
    }

    /// Nil: the request waits for its slot, which the memo has.
    private func verdict(_ decision: RateDecision, _ exchange: Exchange) -> Verdict? {
        if !decision.allowed { refused.wrappingAdd(1, ordering: .relaxed) }
        if isDryRun {
            if !decision.allowed { fields.noteDryRun(exchange) }
            return .proceed
        }
        if fields.kind != .none {
            let (remaining, reset) = slots.shown(decision)
            exchange.memo = RateLimitLeft(window: 0, remaining: remaining, reset: reset).memo
        }
        guard decision.allowed else {
            exchange.response.fields.append(.retryAfter) { $0.append(decimal: fields.retryAfter(decision)) }
            return .refuse(refusal)
        }
        let wait = slots.wait(decision)
        guard wait > 0 else { return .proceed }
        exchange.memo.object = SpikeWait(wait)
        return nil
    }

    package func onResponse(_ exchange: Exchange) -> Verdict {
        if let left = RateLimitLeft(exchange.memo) { fields.add(left, to: exchange) }
        return .proceed
    }

    package var figures: [PolicyFigure] {
        [
            PolicyFigure("spike_arrest_refused", .counter, refused.load(ordering: .relaxed), "Requests that came too soon."),
            PolicyFigure("spike_arrest_queued", .counter, queued.load(ordering: .relaxed), "Requests that waited for their turn."),
            PolicyFigure("spike_arrest_store_failures", .counter, failures.count, "Times that the store did not answer."),
        ]
    }
}

/// How long a request waits for its slot.
private final class SpikeWait {
    let length: Nanoseconds

    init(_ length: Nanoseconds) { self.length = length }
}

extension Reason {
    static let spikeArrested = Reason("spike_arrested", 429, "Too many requests at once")
}
