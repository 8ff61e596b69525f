internal import Reactor

/// One slot of a table: a key, until when its counters matter, how much of its limit is spent, and the counters.
struct LimitEntry {
    static let header = 3
    /// The lowest bits of the third word are the usage, so times are coarser by them.
    private static let usageBits: UInt64 = 8

    private let slot: StateWords

    init(_ slot: StateWords) { self.slot = slot }

    var state: StateWords { slot.dropFirst(LimitEntry.header) }
    var key: LimitKey { LimitKey(low: slot[0], high: slot[1]) }

    /// Whether the slot is free. The third word of a used one is not 0.
    var isEmpty: Bool { slot[2] == 0 }

    /// The order in which entries are given up for new ones: first the one with least spent, of those the one that is over soonest.
    var rank: UInt64 { slot[2] << (64 - LimitEntry.usageBits) | slot[2] >> LimitEntry.usageBits }

    func isOver(_ now: UInt64) -> Bool { slot[2] >> LimitEntry.usageBits <= now >> LimitEntry.usageBits }

    func holds(_ key: LimitKey) -> Bool { slot[0] == key.low && slot[1] == key.high && !isEmpty }

    /// Takes the slot for `key`, its counters at 0.
    func begin(_ key: LimitKey) {
        clear()
        slot[0] = key.low
        slot[1] = key.high
    }

    /// Notes what the counters are worth, for whoever looks for a slot to free.
    func note(drained: Nanoseconds, usage: UInt8, now: UInt64) {
        let (end, overflow) = now.addingReportingOverflow(drained)
        let coarse = (overflow ? .max : end) >> LimitEntry.usageBits
        slot[2] = min(coarse &+ 1, .max >> LimitEntry.usageBits) << LimitEntry.usageBits | UInt64(usage)
    }

    func clear() {
        for index in 0..<slot.count { slot[index] = 0 }
    }

    func copy(from other: LimitEntry) {
        for index in 0..<slot.count { slot[index] = other.slot[index] }
    }
}
