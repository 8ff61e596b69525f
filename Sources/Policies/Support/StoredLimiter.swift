import GatewayCore
import PolicyKit
import Primitives
import Reactor
import Schema
import SharedState
import Synchronization

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

    /// The key is copied before the first suspension.
    func take(_ key: ByteView, cost: Int, on loop: EventLoop) async -> Answer {
        let copy = local == nil ? [] : key.array
        switch await limiter.take(key, cost: cost, on: loop) {
        case .success(let decision): return .decision(decision, isLocal: false)
        case .failure:
            failures.note()
            switch onFailure {
            case .allow: return .uncounted
            case .deny: return .unavailable
            case .local:
                let decision = copy.withView { local?.takeNow($0, cost: cost, now: loop.now, wall: loop.wallClock) }
                return decision.map { .decision($0, isLocal: true) } ?? .uncounted
            }
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
        guard let store = context.stores.store(kind) else {
            throw PolicyError(
                "there is no store `\(kind?.rawValue ?? "")`", at: position, path: "store", remedy: "say where it is in `state`, or leave out `store`"
            )
        }
        self.store = store
        local = store.kind == .memory || onFailure != .local ? nil : context.stores.memory
        self.onFailure = onFailure
    }
}

/// How often a store did not answer.
final class StoreFailures: Sendable {
    private let number = Atomic<UInt64>(0)

    var count: UInt64 { number.load(ordering: .relaxed) }
    func note() { number.wrappingAdd(1, ordering: .relaxed) }
}

extension Reason {
    /// Counting is not possible, and was made a condition.
    static let limitStoreUnavailable = Reason("limit_store_unavailable", 503, "Limits can't be counted now")
}
