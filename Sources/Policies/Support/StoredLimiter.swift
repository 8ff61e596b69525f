import GatewayCore
import PolicyKit
import Primitives
import Reactor
import Schema
import SharedState

/// A limiter in a store, and what counts in its place while the store does not answer.
struct StoredLimiter: Sendable {
    enum Answer {
        /// - Parameter isLocal: this gateway's memory has decided, because the store does not answer.
        case decision(RateDecision, isLocal: Bool)
        /// The store does not answer, and nobody counts.
        case uncounted
        /// The store does not answer, and nobody passes.
        case unavailable
    }

    private let limiter: any Limiter
    private let local: (any Limiter)?
    private let onFailure: OnStoreFailure
    private let failures: StoreFailures

    init(_ specification: LimiterSpecification, _ choice: StoreChoice) {
        limiter = choice.store.limiter(specification)
        local = choice.local?.limiter(specification)
        onFailure = choice.onFailure
        failures = choice.failures
    }

    /// Nil: `take` has to ask.
    func takeNow(_ key: ByteView, cost: Int, on loop: EventLoop) -> RateDecision? {
        limiter.takeNow(key, cost: cost, now: loop.now, wall: loop.wallClock)
    }

    func take(_ key: [UInt8], cost: Int, _ exchange: Exchange) async -> Answer {
        let loop = exchange.loop
        if case .success(let decision) = await limiter.take(key, cost: cost, on: loop) { return .decision(decision, isLocal: false) }
        if !Task.isCancelled { failures.note(exchange) }
        switch onFailure {
        case .allow: return .uncounted
        case .deny: return .unavailable
        case .local:
            let decision = key.withView { local?.takeNow($0, cost: cost, now: loop.now, wall: loop.wallClock) }
            return decision.map { .decision($0, isLocal: true) } ?? .uncounted
        }
    }

    /// Spends afterwards, or gives back, where it was taken.
    func settle(_ key: ByteView, cost: Int, isLocal: Bool, on loop: EventLoop) {
        (isLocal ? local : limiter)?.settle(key, cost: cost, on: loop)
    }
}

/// Where a policy counts, as its settings say.
struct StoreChoice: Sendable {
    let store: any SharedStore
    /// Counts while the store does not answer; nil where that can't happen, or is not wanted.
    let local: (any SharedStore)?
    let onFailure: OnStoreFailure
    let failures = StoreFailures()

    init(_ kind: StoreKind?, at position: SourcePosition, _ onFailure: OnStoreFailure, _ context: PolicyContext) throws(PolicyError) {
        let store = try context.store(kind, at: position)
        self.store = store
        local = store.kind == .memory || onFailure != .local ? nil : context.stores.memory
        self.onFailure = onFailure
    }
}
