internal import Reactor

/// The failures of one source over the words that a table keeps for it: until when it is banned, how many bans came in a row, and the
/// log of what failed in the last window.
struct FailureState {
    private static let header = 2

    static func words(_ rules: FailureRules) -> Int { header + SlidingWindow(window(rules)).words }

    private let words: StateWords
    private let rules: FailureRules
    private let log: SlidingWindow

    init(_ words: StateWords, _ rules: FailureRules) {
        self.words = words
        self.rules = rules
        log = SlidingWindow(FailureState.window(rules))
    }

    private static func window(_ rules: FailureRules) -> RateWindow { RateWindow(limit: rules.attempts, period: rules.window) }

    private var bannedUntil: UInt64 {
        get { words[0] }
        nonmutating set { words[0] = newValue }
    }

    private var strikes: UInt64 {
        get { words[1] }
        nonmutating set { words[1] = newValue }
    }

    /// Until the ban ends; 0 when there is none.
    func banned(_ now: UInt64) -> Nanoseconds { bannedUntil > now ? bannedUntil &- now : 0 }

    /// Counts a failure.
    func fail(_ now: UInt64) -> FailureOutcome {
        // One that was under way when the ban began makes it no longer.
        let left = banned(now)
        if left > 0 { return FailureOutcome(count: rules.attempts, banned: left, isNewBan: false) }
        let past = words.dropFirst(FailureState.header)
        let verdict = log.check(past, cost: 1, now: now)
        if verdict.allowed { log.record(past, cost: 1, now: now) }
        let count = rules.attempts - Int(verdict.remaining)
        guard verdict.remaining == 0, rules.ban > 0 else { return FailureOutcome(count: count, banned: 0, isNewBan: false) }
        let before = rules.length(strikes: strikes)
        let isSoon = strikes > 0 && now &- bannedUntil < before.addingClamped(rules.window)
        strikes = isSoon ? min(strikes &+ 1, 64) : 1
        let length = rules.length(strikes: strikes)
        bannedUntil = now.addingClamped(length)
        for index in 0..<past.count { past[index] = 0 }
        return FailureOutcome(count: rules.attempts, banned: length, isNewBan: true)
    }

    /// How long what is known of the source matters: while its failures count, and so long after a ban as another one would be longer.
    func memory(_ now: UInt64) -> Nanoseconds {
        guard strikes > 0 else { return rules.window }
        return banned(now).addingClamped(rules.length(strikes: strikes)).addingClamped(rules.window)
    }
}

extension UInt64 {
    fileprivate func addingClamped(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
