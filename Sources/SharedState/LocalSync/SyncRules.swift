internal import Reactor

/// The windows of one limit that several gateways share, compiled.
struct SyncRules: Sendable {
    struct Outcome {
        var limits: LimitRules.Outcome
        /// This gateway should ask for more.
        var isScarce = false
    }

    let windows: [SyncWindow]
    /// Words of state for each key.
    let words: Int

    init(_ windows: [RateWindow], _ algorithm: RateAlgorithm) {
        var words = 0
        self.windows = windows.prefix(32).map { window in
            let compiled = SyncWindow(window, algorithm, offset: words)
            words += compiled.words
            return compiled
        }
        self.words = words + SyncEntry.header
    }

    func check(_ entry: SyncEntry, cost: UInt64, _ account: SyncAccount, _ time: SyncTime) -> Outcome {
        var outcome = Outcome(
            limits: LimitRules.Outcome(
                decision: RateDecision(allowed: true, window: 0, remaining: .max, reset: 0, retryAfter: 0, refusing: 0), drained: 0, usage: 0))
        for index in windows.indices {
            let window = windows[index]
            let (verdict, isScarce) = window.check(entry.windows, cost: cost, account, time)
            outcome.limits.add(verdict, index)
            outcome.limits.drained = max(outcome.limits.drained, verdict.drained)
            outcome.limits.usage = max(outcome.limits.usage, window.usage(remaining: verdict.remaining))
            outcome.isScarce = outcome.isScarce || isScarce
        }
        return outcome
    }

    /// Takes a cost that this gateway spends.
    ///
    /// - Parameter fills: a window that empties steadily takes at most what it still holds.
    func record(_ entry: SyncEntry, cost: UInt64, _ account: SyncAccount, _ time: SyncTime, fills: Bool = false) {
        for window in windows { window.record(entry.windows, cost: cost, account, time, fills: fills) }
        entry.spent = entry.spent &+ cost
        entry.lastSpent = max(entry.lastSpent, time.now)
    }

    /// Takes units that others have spent; a negative number gives back.
    func charge(_ entry: SyncEntry, _ units: Int, _ time: SyncTime) {
        for window in windows { window.charge(entry.windows, units, time) }
    }
}
