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

    /// Takes a cost that `check` has just allowed.
    func record(_ state: StateWords, cost: UInt64, now: UInt64, wall: UInt64) {
        for index in windows.indices { windows[index].record(state, cost: cost, now: now, wall: wall) }
    }
}

extension LimitRules.Outcome {
    /// Keeps the most constraining window.
    fileprivate mutating func add(_ verdict: WindowVerdict, _ index: Int) {
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

extension LimitRules {
    /// One window and its place in the state.
    private struct Window: Sendable {
        private enum Rule: Sendable {
            case gcra(GCRA)
            case sliding(SlidingWindow)
            case fixed(FixedWindow)
        }

        private let rule: Rule
        private let offset: Int
        private let quota: UInt64
        /// 255 / quota, shifted left by 32.
        private let scale: UInt64
        let words: Int

        init(_ window: RateWindow, _ algorithm: RateAlgorithm, offset: Int) {
            self.offset = offset
            quota = UInt64(algorithm == .gcra ? window.burst : window.limit)
            scale = (255 << 32) / max(1, quota)
            switch algorithm {
            case .gcra:
                rule = .gcra(GCRA(window))
                words = GCRA.words
            case .sliding:
                let sliding = SlidingWindow(window)
                rule = .sliding(sliding)
                words = sliding.words
            case .fixed:
                rule = .fixed(FixedWindow(window))
                words = FixedWindow.words
            }
        }

        @inline(__always)
        func check(_ state: StateWords, cost: UInt64, now: UInt64, wall: UInt64) -> WindowVerdict {
            let own = state.dropFirst(offset)
            return switch rule {
            case .gcra(let gcra): gcra.check(own, cost: cost, now: now)
            case .sliding(let sliding): sliding.check(own, cost: cost, now: now)
            case .fixed(let fixed): fixed.check(own, cost: cost, wall: wall)
            }
        }

        @inline(__always)
        func record(_ state: StateWords, cost: UInt64, now: UInt64, wall: UInt64) {
            let own = state.dropFirst(offset)
            switch rule {
            case .gcra(let gcra): gcra.record(own, cost: cost, now: now)
            case .sliding(let sliding): sliding.record(own, cost: cost, now: now)
            case .fixed(let fixed): fixed.record(own, cost: cost, wall: wall)
            }
        }

        func usage(remaining: UInt64) -> UInt8 {
            let used = quota > remaining ? quota &- remaining : 0
            return UInt8(truncatingIfNeeded: (used &* scale &+ (1 << 32 - 1)) >> 32)
        }
    }
}
