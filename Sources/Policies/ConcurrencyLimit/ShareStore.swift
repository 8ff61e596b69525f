import GatewayCore
import PolicyKit
import Reactor
import SharedState

/// Where shares come from, and where else while that does not answer.
struct ShareStore: Sendable {
    enum Answer {
        case held(HeldShare)
        /// All shares are held.
        case full
        /// The store does not answer, and nobody counts.
        case uncounted
        /// The store does not answer, and nobody passes.
        case unavailable
    }

    /// In memory nobody is gone without having given back what was held.
    let lifetime: Nanoseconds
    /// Until the first who waits asks again without having been told to: what other gateways give back is told to nobody.
    let pause: Nanoseconds
    private let choice: StoreChoice
    private let keepers: LoopLocal<ShareKeeper>?

    init(_ choice: StoreChoice, lifetime: Nanoseconds, loops: Int) {
        let isAlone = choice.store.kind == .memory
        self.choice = choice
        self.lifetime = isAlone ? .max : lifetime
        pause = isAlone ? .max : .milliseconds(50)
        keepers = isAlone ? nil : LoopLocal(loops: loops) { ShareKeeper(lifetime: lifetime) }
    }

    var failures: StoreFailures { choice.failures }

    /// Nil: `take` has to ask.
    func takeNow(_ request: LeaseRequest, _ exchange: Exchange) -> Answer? {
        choice.store.enterNow(request, now: exchange.loop.now).map { answer($0, request, exchange) }
    }

    func take(_ request: LeaseRequest, _ exchange: Exchange) async -> Answer {
        let loop = exchange.loop
        switch await choice.store.enter(request, on: loop) {
        case .success(let outcome): return answer(outcome, request, exchange)
        case .failure: break
        }
        if !Task.isCancelled { choice.failures.note(exchange) }
        switch choice.onFailure {
        case .allow: return .uncounted
        case .deny: return .unavailable
        case .local:
            var request = request
            request.lifetime = .max
            guard let local = choice.local, let outcome = local.enterNow(request, now: loop.now) else { return .uncounted }
            return outcome.isHeld ? .held(HeldShare(request, in: local, nil, on: loop)) : .full
        }
    }

    private func answer(_ outcome: LeaseOutcome, _ request: LeaseRequest, _ exchange: Exchange) -> Answer {
        guard outcome.isHeld else { return .full }
        return .held(HeldShare(request, in: choice.store, keepers?[exchange], on: exchange.loop))
    }
}
