internal import Reactor
internal import Synchronization

/// The counters of limits that were changed, for as long as they matter: each key takes what it has spent along when it is seen for the first
/// time under the new limits. So a change costs nothing by itself, however many keys there are.
final class LimitInheritance: Sendable {
    private struct State {
        var limiter: MemoryLimiter?
        /// When all that was spent before the change is over; known once the clock is.
        var ends: UInt64?
    }

    private let isOpen = Atomic(true)
    private let state: Mutex<State>

    init(_ limiter: MemoryLimiter) { state = Mutex(State(limiter: limiter)) }

    func find<Result>(_ key: LimitKey, now: UInt64, _ body: (StateWords, LimitRules) -> Result) -> Result? {
        guard isOpen.load(ordering: .relaxed), let limiter = limiter(now) else { return nil }
        return limiter.lend(key, now: now, body)
    }

    func forget(_ key: LimitKey) { state.withLock { $0.limiter }?.forget(key) }

    private func limiter(_ now: UInt64) -> MemoryLimiter? {
        state.withLock { state in
            guard let limiter = state.limiter else { return nil }
            let (end, overflow) = now.addingReportingOverflow(limiter.memoryLength)
            let ends = state.ends ?? (overflow ? .max : end)
            state.ends = ends
            guard now <= ends else {
                state.limiter = nil
                isOpen.store(false, ordering: .relaxed)
                return nil
            }
            return limiter
        }
    }
}
