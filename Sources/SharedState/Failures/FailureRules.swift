package import Reactor

/// How many failures a source may have in how much time, and for how long it is banned afterwards.
package struct FailureRules: Equatable, Sendable {
    /// The failure that begins a ban, counted in every interval of `window`; up to 32, to the nanosecond, above that as `SlidingWindow` counts.
    package let attempts: Int
    package let window: Nanoseconds
    /// The first ban; each one soon after another is twice as long. 0: failures are counted, and nobody is banned.
    package let ban: Nanoseconds
    package let longestBan: Nanoseconds

    package init(attempts: Int, window: Nanoseconds, ban: Nanoseconds, longestBan: Nanoseconds) {
        self.attempts = min(max(1, attempts), Int(UInt16.max))
        self.window = max(1, window)
        self.ban = ban
        self.longestBan = max(ban, longestBan)
    }

    /// Length of the ban that is the `strikes`th in a row, from 1.
    func length(strikes: UInt64) -> Nanoseconds {
        guard strikes > 1 else { return ban }
        let (length, overflow) = ban.multipliedReportingOverflow(by: 1 << min(strikes - 1, 40))
        return overflow ? longestBan : min(length, longestBan)
    }
}

/// What a failure has led to.
package struct FailureOutcome: Equatable, Sendable {
    /// Failures in the window, this one included.
    package var count: Int
    /// Until the ban ends; 0 when there is none.
    package var banned: Nanoseconds
    /// This failure has begun the ban.
    package var isNewBan: Bool
}
