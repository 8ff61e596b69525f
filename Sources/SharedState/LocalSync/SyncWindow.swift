internal import Reactor

/// One window of a limit that several gateways share, over the words that a gateway keeps for a key: what all have spent as far as is
/// known, and how much of it this gateway has.
struct SyncWindow: Sendable {
    private enum Rule: Sendable {
        case gcra(GCRA)
        case sliding(SlidingWindow)
        case fixed(FixedWindow)
    }

    private let rule: Rule
    private let offset: Int
    private let ruleWords: Int
    private let window: RateWindow
    private let flight: Flight
    private let quota: UInt64
    let words: Int

    init(_ window: RateWindow, _ algorithm: RateAlgorithm, offset: Int) {
        self.window = window
        self.offset = offset
        var length = window.period
        switch algorithm {
        case .gcra:
            rule = .gcra(GCRA(window))
            // The last word is until when those who are missing were taken to have spent.
            ruleWords = GCRA.words + 1
            quota = UInt64(window.burst)
            // What was spent matters until the line is empty.
            let line = UInt128(window.period) * UInt128(window.burst) / UInt128(max(1, window.limit))
            length = UInt64(clamping: line)
        case .sliding:
            let sliding = SlidingWindow(window)
            rule = .sliding(sliding)
            ruleWords = sliding.words
            quota = UInt64(window.limit)
        case .fixed:
            rule = .fixed(FixedWindow(window))
            ruleWords = FixedWindow.words
            quota = UInt64(window.limit)
        }
        flight = Flight(period: length)
        words = ruleWords + Flight.words
    }

    /// What this gateway may do with a cost, and whether it should ask for more.
    func check(_ state: StateWords, cost: UInt64, _ account: SyncAccount, _ time: SyncTime) -> (verdict: WindowVerdict, isScarce: Bool) {
        var verdict = check(state, cost: cost, time)
        guard !account.group.isAlone else { return (verdict, false) }
        let share = share(state, account, time)
        let allowance = share.allowance(cost)
        if verdict.allowed, cost > allowance {
            verdict.allowed = false
            verdict.remaining = 0
            verdict.retryAfter = account.pause
            verdict.reset = account.pause
        }
        return (verdict, share.isScarce(cost))
    }

    /// What is left, and how much of what is spent only this gateway may know of.
    func share(_ state: StateWords, _ account: SyncAccount, _ time: SyncTime) -> SyncShare {
        let left = check(state, cost: 0, time).remaining
        let unknown = min(account.unknown, recent(state, account.spent, time))
        var reserve: UInt64 = 0
        if account.group.missing > 0 {
            if case .gcra = rule { reserve = phantom(state, account.group, time) } else { reserve = account.group.reserve(of: quota) }
        }
        return SyncShare(left: left, unknown: unknown, weight: account.weight, reserve: reserve)
    }

    /// What this gateway has spent of the window.
    func recent(_ state: StateWords, _ total: UInt64, _ time: SyncTime) -> UInt64 {
        flight.spent(state.dropFirst(offset + ruleWords), total: total, now: time.now)
    }

    /// Takes units that this gateway spends.
    func record(_ state: StateWords, cost: UInt64, _ account: SyncAccount, _ time: SyncTime, fills: Bool) {
        settlePhantom(state, account.group, time)
        flight.note(state.dropFirst(offset + ruleWords), total: account.spent, now: time.now)
        charge(state, Int(clamping: cost), time, fills: fills)
    }

    /// Takes units that others have spent, or that came out afterwards; a negative number gives back. More than there ever are says no more
    /// than all of them.
    func charge(_ state: StateWords, _ units: Int, _ time: SyncTime, fills: Bool = false) {
        let most = Int(clamping: quota)
        let units = min(max(units, -most), most)
        let own = state.dropFirst(offset)
        switch rule {
        case .gcra(let gcra): gcra.charge(own, cost: units, now: time.now, fills: fills)
        case .sliding(let sliding): sliding.charge(own, cost: units, now: time.now)
        case .fixed(let fixed): fixed.charge(own, cost: units, wall: time.wall)
        }
    }

    /// What the window says, whoever has spent of it.
    func check(_ state: StateWords, cost: UInt64, _ time: SyncTime) -> WindowVerdict {
        let own = state.dropFirst(offset)
        return switch rule {
        case .gcra(let gcra): gcra.check(own, cost: cost, now: time.now)
        case .sliding(let sliding): sliding.check(own, cost: cost, now: time.now)
        case .fixed(let fixed): fixed.check(own, cost: cost, wall: time.wall)
        }
    }

    func usage(remaining: UInt64) -> UInt8 {
        let used = quota > remaining ? quota &- remaining : 0
        return UInt8(truncatingIfNeeded: used &* 255 / max(1, quota))
    }

    // MARK: Those who are missing

    /// Units that those who are missing are taken to have spent since it was looked at last: a line refills for all, so their share of the
    /// refill is not to be spent by others.
    private func phantom(_ state: StateWords, _ group: SyncGroup, _ time: SyncTime) -> UInt64 {
        let since = time.now &- min(time.now, state[offset + ruleWords - 1])
        let refill = UInt128(since) &* UInt128(window.limit) / UInt128(max(1, window.period))
        return group.reserve(of: UInt64(clamping: min(refill, UInt128(quota))))
    }

    private func settlePhantom(_ state: StateWords, _ group: SyncGroup, _ time: SyncTime) {
        guard case .gcra(let gcra) = rule else { return }
        let place = offset + ruleWords - 1
        if group.missing > 0 { gcra.charge(state.dropFirst(offset), cost: Int(clamping: phantom(state, group, time)), now: time.now, fills: true) }
        state[place] = max(state[place], time.now)
    }
}

/// The clocks that windows go by.
struct SyncTime {
    /// Monotonic.
    var now: UInt64
    /// Since 1970.
    var wall: UInt64
}

/// What a gateway has spent on a key, and in what group.
struct SyncAccount {
    var spent: UInt64
    /// Of `spent`, what others may not know of.
    var unknown: UInt64
    var weight: UInt64
    var group: SyncGroup
    /// When to try again after a refusal because of the share: about as long as others take to hear of it.
    var pause: Nanoseconds
}
