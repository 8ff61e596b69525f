internal import Reactor

/// The windows of one limiter, compiled: where each has its words in the state of a key, and how they decide together.
struct LimitRules: Sendable {
    /// What all windows say about a cost, without having taken it.
    struct Outcome {
        var decision: RateDecision
        /// Until the state says nothing any more, once the cost has been taken.
        var drained: Nanoseconds
        /// How much of the most used window is spent then, of 255.
        var usage: UInt8
    }

    private let windows: [Window]
    /// Words of state for each key.
    let words: Int

    /// Windows beyond the 32nd would have no bit in `RateDecision.refusing`; they are left out.
    init(_ windows: [RateWindow], _ algorithm: RateAlgorithm) {
        var words = 0
        self.windows = windows.prefix(32).map { window in
            let compiled = Window(window, algorithm, offset: words)
            words += compiled.words
            return compiled
        }
        self.words = words
    }

    func check(_ state: StateWords, cost: UInt64, now: UInt64, wall: UInt64) -> Outcome {
        var outcome = Outcome(
            decision: RateDecision(allowed: true, window: 0, remaining: .max, reset: 0, retryAfter: 0, refusing: 0), drained: 0, usage: 0)
        for index in windows.indices {
            let window = windows[index]
            let verdict = window.check(state, cost: cost, now: now, wall: wall)
            outcome.add(verdict, index)
            outcome.drained = max(outcome.drained, verdict.drained)
            outcome.usage = max(outcome.usage, window.usage(remaining: verdict.remaining))
        }
        return outcome
    }

    /// What each window says about a request that costs nothing.
    func verdicts(_ state: StateWords, now: UInt64, wall: UInt64) -> [WindowVerdict] {
        windows.map { $0.check(state, cost: 0, now: now, wall: wall) }
    }

    /// Takes what has been spent, or gives back what has not (a negative cost), whatever the windows say.
    ///
    /// - Parameter fills: a window that empties steadily takes at most what it still holds, so that whoever was refused is let through
    ///   once it has kept quiet for as long as one unit takes.
    func charge(_ state: StateWords, cost: Int, now: UInt64, wall: UInt64, fills: Bool) {
        for window in windows { window.charge(state, cost: cost, now: now, wall: wall, fills: fills) }
    }

    /// Takes over what a key had spent under other rules: windows of the same period and algorithm go on with what was spent, whatever
    /// their limits are now.
    func adopt(_ state: StateWords, from other: LimitRules, _ old: StateWords, now: UInt64) {
        for window in windows {
            guard let before = other.windows.first(where: { $0.period == window.period }) else { continue }
            window.adopt(state, from: before, old, now: now)
        }
    }

    /// Takes a cost that `check` has just allowed.
    func record(_ state: StateWords, cost: UInt64, now: UInt64, wall: UInt64) {
        for index in windows.indices { windows[index].record(state, cost: cost, now: now, wall: wall) }
    }
}

extension LimitRules.Outcome {
    /// Keeps the most constraining window.
    mutating func add(_ verdict: WindowVerdict, _ index: Int) {
        let remaining = Int(truncatingIfNeeded: verdict.remaining)
        let constrains =
            if verdict.allowed {
                decision.allowed && (remaining, UInt64.max - verdict.reset) < (decision.remaining, UInt64.max - decision.reset)
            } else {
                decision.allowed || verdict.retryAfter > decision.retryAfter
            }
        if !verdict.allowed {
            decision.allowed = false
            decision.refusing |= 1 << UInt32(truncatingIfNeeded: index)
        }
        guard constrains else { return }
        decision.window = index
        decision.remaining = remaining
        decision.reset = verdict.reset
        decision.retryAfter = verdict.retryAfter
    }
}
