import Reactor

@testable import SharedState

/// The counters of one key on their own: what the table does for every key, without table and lock.
final class KeyState {
    private let rules: LimitRules
    private let memory: UnsafeMutablePointer<UInt64>

    init(_ windows: [RateWindow], _ algorithm: RateAlgorithm) {
        rules = LimitRules(windows, algorithm)
        memory = .allocate(capacity: rules.words)
        memory.initialize(repeating: 0, count: rules.words)
    }

    deinit { memory.deallocate() }

    private var words: StateWords { StateWords(memory, count: rules.words) }

    func check(_ cost: UInt64, now: UInt64, wall: UInt64) -> LimitRules.Outcome {
        rules.check(words, cost: cost, now: now, wall: wall)
    }

    func take(_ cost: UInt64, now: UInt64, wall: UInt64) -> RateDecision {
        let outcome = check(cost, now: now, wall: wall)
        if outcome.decision.allowed, cost > 0 { rules.record(words, cost: cost, now: now, wall: wall) }
        return outcome.decision
    }
}
