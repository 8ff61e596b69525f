internal import Primitives
package import Reactor

/// Takes part in an election, over a store that several gateways share. Confined to its loop.
package final class Election: @unchecked Sendable {
    private let store: any SharedStore
    private let loop: EventLoop
    private let key: [UInt8]
    private let counter: [UInt8]
    /// Unlike that of every other candidate.
    private let me: [UInt8]
    private var state: ElectionState
    private var task: Task<Void, Never>?
    /// Called on the loop when this gateway begins to lead, with the number, and when it ends, with nil.
    private let changed: (Int?) -> Void
    private var wasLeading = false

    /// - Parameters:
    ///   - name: what is led, the same on all gateways.
    ///   - candidate: this gateway, unlike every other.
    package init(
        _ name: String, candidate: MemberID, lifetime: Nanoseconds, store: any SharedStore, loop: EventLoop, changed: @escaping (Int?) -> Void
    ) {
        self.store = store
        self.loop = loop
        key = Array("election/\(name)".utf8)
        counter = Array("election/\(name)/number".utf8)
        me = Array(candidate.description.utf8)
        state = ElectionState(lifetime: lifetime, now: loop.now)
        self.changed = changed
    }

    package var leads: Bool { state.leads(loop.now) }
    /// Of the last time that this gateway led.
    package var number: Int { state.number }

    /// Takes part until `stop`. To be called on the loop.
    package func start() {
        task = Task(executorPreference: loop) { [weak self, loop] in
            while !Task.isCancelled {
                guard let pause = await self?.turn() else { return }
                await loop.sleep(for: pause)
            }
        }
    }

    /// Gives the lead back, so that others need not wait for it.
    package func stop() async {
        task?.cancel()
        task = nil
        let led = state.leads(loop.now)
        state.lost(loop.now)
        tell()
        if led { _ = await store.remove(key, ifEqual: me, on: loop) }
    }

    /// One look; how long until the next.
    func turn() async -> Nanoseconds {
        let asked = loop.now
        switch state.due(asked) {
        case .take: await take(asked)
        case .extend:
            switch await store.extend(key, ifEqual: me, lifetime: state.lifetime, on: loop) {
            case .success(true): state.extended(asked: asked)
            case .success(false): state.lost(loop.now)
            // Nobody knows; it leads as long as the value lives for certain.
            case .failure: break
            }
        case nil: break
        }
        tell()
        return max(state.deadline - loop.now, .milliseconds(10))
    }

    private func take(_ asked: Instant) async {
        guard case .success(true) = await store.set(key, to: me, lifetime: state.lifetime, .ifAbsent, on: loop) else { return }
        // Whoever takes the value next gets a higher number, even if this gateway is halted here.
        let demand = CounterDemand(key: counter, amount: 1, limit: .max, ends: UInt64(Int64.max))
        guard case .success(let outcome) = await store.spend([demand], isForced: true, on: loop), let number = outcome.totals.first else {
            _ = await store.remove(key, ifEqual: me, on: loop)
            return
        }
        state.took(number: number, asked: asked)
    }

    private func tell() {
        let leads = state.leads(loop.now)
        guard leads != wasLeading else { return }
        wasLeading = leads
        changed(leads ? state.number : nil)
    }
}
