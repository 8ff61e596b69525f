package import Reactor

/// How many units one key may spend in how much time. What exactly is promised depends on the algorithm:
/// `docs/guides/rate-limiting.md`.
package struct RateWindow: Hashable, Sendable {
    /// Units per `period`. A limit of 0 refuses everything that costs something.
    package let limit: Int
    package let period: Nanoseconds
    /// Units that may be spent at once, for `gcra` alone; the other algorithms allow the whole limit at once.
    package let burst: Int

    /// The range of `limit` and `burst`: they fit in 32 bits, so no product with a time overflows 128.
    package static let limits = 0...Int(UInt32.max)

    /// Values outside of their range are moved to its edge. `burst` is `limit` unless given.
    package init(limit: Int, period: Nanoseconds, burst: Int? = nil) {
        self.limit = RateWindow.clamp(limit)
        self.period = max(1, period)
        self.burst = self.limit == 0 ? 0 : RateWindow.clamp(burst ?? limit)
    }

    private static func clamp(_ value: Int) -> Int { min(max(value, limits.lowerBound), limits.upperBound) }
}

/// How a window counts.
package enum RateAlgorithm: String, CaseIterable, Sendable {
    /// A steady refill (generic cell rate algorithm).
    case gcra
    /// A log of what was spent in the last period.
    case sliding
    /// Counters that start anew at multiples of the period since 1970.
    case fixed
}
