internal import Reactor

extension LimitRules {
    /// One window and its place in the state.
    struct Window: Sendable {
        private enum Rule: Sendable {
            case gcra(GCRA)
            case sliding(SlidingWindow)
            case fixed(FixedWindow)
        }

        private let rule: Rule
        private let offset: Int
        let period: Nanoseconds
        private let quota: UInt64
        /// 255 / quota, shifted left by 32.
        private let scale: UInt64
        let words: Int

        init(_ window: RateWindow, _ algorithm: RateAlgorithm, offset: Int) {
            self.offset = offset
            period = window.period
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

        func charge(_ state: StateWords, cost: Int, now: UInt64, wall: UInt64, fills: Bool) {
            let own = state.dropFirst(offset)
            switch rule {
            case .gcra(let gcra): gcra.charge(own, cost: cost, now: now, fills: fills)
            case .sliding(let sliding): sliding.charge(own, cost: cost, now: now)
            case .fixed(let fixed): fixed.charge(own, cost: cost, wall: wall)
            }
        }

        func adopt(_ state: StateWords, from other: Window, _ old: StateWords, now: UInt64) {
            let own = state.dropFirst(offset), old = old.dropFirst(other.offset)
            switch (rule, other.rule) {
            case (.gcra(let gcra), .gcra(let before)): gcra.adopt(own, from: before, old, now: now)
            case (.sliding(let sliding), .sliding(let before)): sliding.adopt(own, from: before, old)
            case (.fixed, .fixed):
                own[0] = old[0]
                own[1] = old[1]
            default: break
            }
        }

        func usage(remaining: UInt64) -> UInt8 {
            let used = quota > remaining ? quota &- remaining : 0
            return UInt8(truncatingIfNeeded: (used &* scale &+ (1 << 32 - 1)) >> 32)
        }
    }
}
