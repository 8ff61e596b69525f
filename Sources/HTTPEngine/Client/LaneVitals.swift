package import GatewayCore
package import Reactor
package import Upstreams

/// What one lane has learned from exchanges, and what it may therefore do. The part that all loops share is `state`.
package final class LaneVitals {
    package let state: UpstreamState
    /// Nil for no bound.
    package var budget: RetryBudget?
    package var retries = RetryCounters()
    package var hedges = HedgeCounters()
    /// Nil where requests are not hedged.
    package let hedgeQueue: HedgeQueue?
    private var hedgeBudget: RetryBudget?
    var hedgeDelay: HedgeDelay?
    var adaptive: AdaptiveLimit?
    /// Nil where anybody may have everything.
    package var bulkhead: Bulkhead?
    /// Somebody wants to know how exchanges end.
    let isWatching: Bool
    /// Fires when an endpoint may be asked again.
    fileprivate let timer: TimerWheel.ID
    private let loop: EventLoop
    fileprivate weak var lane: UpstreamLane?

    init(_ loop: EventLoop, _ settings: UpstreamSettings, _ state: UpstreamState) {
        self.loop = loop
        self.state = state
        let retries = settings.retries
        if retries.attempts > 1, let share = retries.budget { budget = RetryBudget(share: share, minimum: retries.budgetMinimum) }
        adaptive = settings.adaptive.map { AdaptiveLimit($0) }
        bulkhead = settings.bulkhead.map { Bulkhead($0) }
        hedgeQueue = settings.hedging.map { _ in HedgeQueue(loop) }
        hedgeBudget = settings.hedging.map { RetryBudget(share: $0.budget, minimum: 0) }
        if let hedging = settings.hedging { hedgeDelay = HedgeDelay(hedging) }
        isWatching = !state.isIdle || settings.adaptive != nil || settings.hedging != nil
        timer = loop.acquireTimer()
        loop.own(timer, by: self)
    }

    deinit { loop.releaseTimer(timer) }

    /// Most requests in flight that the service has shown itself able to carry.
    package var limit: Int { adaptive?.limit ?? .max }

    /// A request is forwarded for the first time.
    @inline(__always) package func request(_ now: Instant) {
        budget?.request(now)
        hedgeBudget?.request(now)
    }

    /// The request is looked at again when it has been without an answer for long.
    package func mayHedge(_ exchange: Exchange) {
        guard let hedgeQueue, let delay = hedgeDelay?.value(loop.now) else { return }
        hedgeQueue.add(exchange, after: delay)
    }

    /// Takes a second request from the budget; false when there is none left.
    package func takeHedge(_ now: Instant) -> Bool {
        if hedgeBudget?.take(now) ?? false {
            hedges.sent &+= 1
            return true
        }
        hedges.denied &+= 1
        return false
    }

    /// Takes a retry from the budget; false when there is none left.
    package func takeRetry(_ now: Instant) -> Bool {
        guard budget != nil else { return true }
        if budget?.take(now) ?? true { return true }
        retries.denied &+= 1
        return false
    }

    /// What is known of the same upstream under other settings.
    package func takeOver(_ other: LaneVitals) {
        if budget != nil, let before = other.budget, before.isLike(budget) { budget = before }
        retries = other.retries
        hedges = other.hedges
    }
}

extension LaneVitals: TimerOwner {
    package func timerFired() {
        _ = state.endEjections(loop.now)
        lane?.refreshHealth()
    }
}

extension UpstreamLane {
    /// What is known of the endpoints by what became of requests, on whatever loop, counts for this one from now on.
    package func refreshHealth() {
        guard !vitals.state.isIdle else { return refreshCandidates() }
        var next = Instant.never
        for i in endpoints.indices where !endpoints[i].isGone {
            guard let state = endpoints[i].state else { continue }
            let until = state.pausedUntil(loop.now)
            endpoints[i].isPaused = until != nil
            if let until { next = min(next, until) }
        }
        vitals.lane = self
        loop.arm(vitals.timer, at: next)
        refreshCandidates()
    }
}

/// What one event loop has hedged.
package struct HedgeCounters: Sendable {
    package var sent: UInt64 = 0
    /// Second requests that were answered first.
    package var won: UInt64 = 0
    package var denied: UInt64 = 0
    package init() {}

    package mutating func add(_ other: HedgeCounters) {
        sent &+= other.sent
        won &+= other.won
        denied &+= other.denied
    }
}
