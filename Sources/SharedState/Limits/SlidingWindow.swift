internal import Reactor

/// A log of what was spent in the last period, in a ring of at most 32 groups: never more than `limit` units in any interval
/// of one period (its end left out).
///
/// Up to a limit of 32 every moment has a group of its own, and units come back exactly one period after they were spent. Above,
/// what is spent within a 31st of the period after a group began joins it, and the group comes back one period after its last
/// unit: late by less than a 31st of the period, never early; a burst comes back as the burst that it was.
struct SlidingWindow {
    static let mostGroups = 32
    /// Words before the groups: head, number of groups and sum of units; time at which the last group began.
    private static let header = 2

    let words: Int
    private let limit: UInt64
    private let period: UInt64
    private let groups: Int
    /// How long a group takes in more; 0 while there is a group for every unit.
    private let granule: UInt64

    init(_ window: RateWindow) {
        limit = UInt64(window.limit)
        period = window.period
        groups = min(window.limit, SlidingWindow.mostGroups)
        granule = window.limit <= SlidingWindow.mostGroups ? 0 : window.period / UInt64(SlidingWindow.mostGroups - 1) + 1
        words = SlidingWindow.header + groups + (groups + 1) / 2
    }

    func check(_ state: StateWords, cost: UInt64, now: UInt64) -> WindowVerdict {
        var log = Log(state, capacity: groups)
        let now = forget(&log, now)
        let free = limit > log.sum ? limit &- log.sum : 0
        let allowed = cost <= free
        if cost == 0 || !allowed {
            return WindowVerdict(
                allowed: allowed, remaining: free, reset: log.isEmpty ? 0 : wait(log.time(0), now),
                retryAfter: allowed ? 0 : cost > limit ? RateDecision.never : wait(timeOfUnit(log, cost &+ log.sum &- limit), now),
                drained: log.isEmpty ? 0 : wait(log.time(log.count - 1), now))
        }
        let oldest = log.isEmpty || (log.count == 1 && joins(log, state, now)) ? now : log.time(0)
        return WindowVerdict(allowed: true, remaining: free &- cost, reset: wait(oldest, now), retryAfter: 0, drained: period)
    }

    /// Takes a cost that `check` has just allowed.
    func record(_ state: StateWords, cost: UInt64, now: UInt64) {
        var log = Log(state, capacity: groups)
        let now = forget(&log, now)
        add(cost, to: &log, state, now)
        log.save()
    }

    /// Takes what has been spent, or gives back what has not (a negative cost, from what was spent last), whatever is left.
    func charge(_ state: StateWords, cost: Int, now: UInt64) {
        guard groups > 0 else { return }
        var log = Log(state, capacity: groups)
        let now = forget(&log, now)
        if cost < 0 {
            log.giveBack(UInt64(cost.magnitude))
        } else {
            // The sum has 32 bits.
            let change = min(UInt64(cost), UInt64(UInt32.max) &- min(log.sum, UInt64(UInt32.max)))
            if change > 0 { add(change, to: &log, state, now) }
        }
        log.save()
    }

    /// Takes over what a key had spent under another limit, of the same period.
    func adopt(_ state: StateWords, from other: SlidingWindow, _ old: StateWords) {
        guard groups > 0, other.groups > 0 else { return }
        var log = Log(state, capacity: groups)
        let before = Log(old, capacity: other.groups)
        for group in 0..<before.count { add(before.units(group), to: &log, state, before.time(group)) }
        log.save()
    }

    private func add(_ cost: UInt64, to log: inout Log, _ state: StateWords, _ now: UInt64) {
        if joins(log, state, now) {
            log.extendLast(to: now, by: cost)
        } else {
            log.append(now, cost)
            state[1] = now
        }
    }

    /// Drops the groups that are over, from the copy. Answers the time to go by: a clock that is behind the log stands still until it has caught up.
    @inline(__always)
    private func forget(_ log: inout Log, _ now: UInt64) -> UInt64 {
        guard !log.isEmpty else { return now }
        let now = max(now, log.time(log.count - 1))
        while !log.isEmpty, now &- log.time(0) >= period { log.dropFirst() }
        return now
    }

    /// Groups begin at least a granule apart and live for less than a period and a granule: so there is always room for one more, and
    /// the last condition is never what decides.
    private func joins(_ log: Log, _ state: StateWords, _ now: UInt64) -> Bool {
        guard !log.isEmpty else { return false }
        return log.time(log.count - 1) == now || now &- state[1] < granule || log.count == groups
    }

    /// When the unit was spent that has to come back for `units` to be free.
    private func timeOfUnit(_ log: Log, _ units: UInt64) -> UInt64 {
        var seen: UInt64 = 0
        for group in 0..<log.count {
            seen &+= log.units(group)
            if seen >= units { return log.time(group) }
        }
        return log.isEmpty ? 0 : log.time(log.count - 1)
    }

    /// Until what was spent at `time` comes back.
    @inline(__always)
    private func wait(_ time: UInt64, _ now: UInt64) -> Nanoseconds { period &- min(period, now &- time) }
}

extension SlidingWindow {
    /// The ring over a key's words: times one a word, units two a word.
    fileprivate struct Log {
        private(set) var count: Int
        private(set) var sum: UInt64
        private var head: Int
        private let state: StateWords
        private let capacity: Int

        @inline(__always)
        init(_ state: StateWords, capacity: Int) {
            let packed = state[0]
            head = Int(packed & 0xff)
            count = Int(packed >> 8 & 0xff)
            sum = packed >> 32
            self.state = state
            self.capacity = capacity
        }

        var isEmpty: Bool { count == 0 }

        func save() { state[0] = sum << 32 | UInt64(count) << 8 | UInt64(head) }

        /// When the group, counted from the oldest, last grew.
        func time(_ group: Int) -> UInt64 { state[SlidingWindow.header &+ place(group)] }

        func units(_ group: Int) -> UInt64 {
            let place = place(group)
            return state[unitsWord(place)] >> shift(place) & 0xffff_ffff
        }

        mutating func dropFirst() {
            sum &-= units(0)
            head = place(1)
            count -= 1
        }

        mutating func append(_ time: UInt64, _ units: UInt64) {
            count += 1
            sum &+= units
            set(count - 1, time, units)
        }

        mutating func extendLast(to time: UInt64, by units: UInt64) {
            sum &+= units
            set(count - 1, time, self.units(count - 1) &+ units)
        }

        /// From the newest group back.
        mutating func giveBack(_ units: UInt64) {
            var left = units
            while left > 0, count > 0 {
                let newest = self.units(count - 1), taken = min(newest, left)
                set(count - 1, time(count - 1), newest &- taken)
                sum &-= taken
                left &-= taken
                if taken == newest { count -= 1 }
            }
        }

        private func set(_ group: Int, _ time: UInt64, _ units: UInt64) {
            let place = place(group)
            state[SlidingWindow.header &+ place] = time
            let shift = shift(place), word = unitsWord(place)
            state[word] = state[word] & ~(0xffff_ffff << shift) | units << shift
        }

        @inline(__always)
        private func place(_ group: Int) -> Int {
            let place = head &+ group
            return place >= capacity ? place &- capacity : place
        }

        private func unitsWord(_ place: Int) -> Int { SlidingWindow.header &+ capacity &+ (place >> 1) }
        private func shift(_ place: Int) -> UInt64 { UInt64(place & 1) &* 32 }
    }
}
