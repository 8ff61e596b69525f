internal import Primitives
internal import Reactor

/// What is known of one address, or of one prefix, over the words that a table keeps for it.
///
/// 0, 1: the address. 2: connections that are open (32 bits), bans in a row (8 bits), the offence that began the last one (8 bits).
/// 3: until when it is banned. Then the buckets of what it does, two words each.
struct GuardState {
    static let words = 4 + 4 * GCRA.words

    private let words: StateWords
    private let bounds: GuardBounds

    init(_ words: StateWords, _ bounds: GuardBounds) {
        self.words = words
        self.bounds = bounds
    }

    private enum Bucket: Int { case newConnections, handshakes, requests, offences }

    private func words(_ bucket: Bucket) -> StateWords { words.dropFirst(4 + bucket.rawValue * GCRA.words) }

    var address: IPAddress {
        get { IPAddress(high: words[0], low: words[1]) }
        nonmutating set {
            words[0] = newValue.high
            words[1] = newValue.low
        }
    }

    private(set) var open: Int {
        get { Int(words[2] & 0xffff_ffff) }
        nonmutating set { words[2] = words[2] & ~0xffff_ffff | UInt64(UInt32(clamping: newValue)) }
    }

    private(set) var strikes: UInt64 {
        get { words[2] >> 32 & 0xff }
        nonmutating set { words[2] = words[2] & ~(0xff << 32) | min(newValue, 0xff) << 32 }
    }

    private(set) var cause: Int {
        get { Int(words[2] >> 40 & 0xff) }
        nonmutating set { words[2] = words[2] & ~(0xff << 40) | UInt64(UInt8(clamping: newValue)) << 40 }
    }

    private var bannedUntil: UInt64 {
        get { words[3] }
        nonmutating set { words[3] = newValue }
    }

    /// Until the ban ends; 0 when there is none.
    func banned(_ now: UInt64) -> Nanoseconds { bannedUntil > now ? bannedUntil &- now : 0 }

    // MARK: Connections

    /// Counts a connection, unless it is one too many.
    func enter(isHandshake: Bool, now: UInt64) -> GuardLimit? {
        if bounds.connections > 0, open >= bounds.connections { return .connections }
        if let rate = bounds.newConnections, !GCRA(rate).check(words(.newConnections), cost: 1, now: now).allowed { return .newConnections }
        if isHandshake, let rate = bounds.handshakes {
            guard GCRA(rate).check(words(.handshakes), cost: 1, now: now).allowed else { return .handshakes }
            GCRA(rate).record(words(.handshakes), cost: 1, now: now)
        }
        if let rate = bounds.newConnections { GCRA(rate).record(words(.newConnections), cost: 1, now: now) }
        open += 1
        return nil
    }

    /// A connection is closed.
    func leave() {
        // What was forgotten in a flood of addresses begins at 0 again.
        if open > 0 { open -= 1 }
    }

    /// Takes back what `enter` has counted: somebody else has refused the connection.
    func unenter(isHandshake: Bool) {
        leave()
        if let rate = bounds.newConnections { refund(words(.newConnections), rate, cost: 1) }
        if isHandshake, let rate = bounds.handshakes { refund(words(.handshakes), rate, cost: 1) }
    }

    // MARK: Requests

    /// How many of so many requests may be made now.
    func take(_ wanted: Int, now: UInt64) -> Int {
        guard let rate = bounds.requests else { return wanted }
        let gcra = GCRA(rate)
        let granted = min(UInt64(max(0, wanted)), gcra.check(words(.requests), cost: 0, now: now).remaining)
        if granted > 0 { gcra.record(words(.requests), cost: granted, now: now) }
        return Int(granted)
    }

    /// Requests that were taken and not made.
    func giveBack(_ count: Int) {
        if let rate = bounds.requests { refund(words(.requests), rate, cost: UInt64(max(0, count))) }
    }

    /// Until one more request may be made.
    func wait(_ now: UInt64) -> Nanoseconds {
        bounds.requests.map { GCRA($0).check(words(.requests), cost: 1, now: now).retryAfter } ?? 0
    }

    // MARK: Offences

    /// Counts an offence. True when a ban begins with it.
    func offend(_ offence: Offence, weight: Int, _ rules: BanRules, now: UInt64) -> Bool {
        guard let limit = bounds.offences, rules.first > 0, weight > 0 else { return false }
        let gcra = GCRA(limit), log = words(.offences)
        if gcra.check(log, cost: UInt64(weight), now: now).allowed {
            gcra.record(log, cost: UInt64(weight), now: now)
            return false
        }
        guard banned(now) == 0 else {
            // What was under way when a ban began makes it no longer; but who keeps coming finds the next one behind it.
            gcra.record(log, cost: gcra.check(log, cost: 0, now: now).remaining, now: now)
            return false
        }
        strikes = strikes > 0 && now < bannedUntil.addingClamped(rules.memory) ? strikes + 1 : 1
        bannedUntil = now.addingClamped(rules.length(strikes: strikes))
        cause = offence.index
        clear(log)
        return true
    }

    /// Ends the ban and forgets what led to it.
    func pardon() {
        strikes = 0
        bannedUntil = 0
        clear(words(.offences))
    }

    /// Makes room again for a cost that was recorded.
    private func refund(_ bucket: StateWords, _ rate: RateWindow, cost: UInt64) {
        let empty = UInt128(bucket[1]) << 64 | UInt128(bucket[0])
        let back = UInt128(cost) &* UInt128(rate.period)
        let left = empty > back ? empty &- back : 0
        bucket[0] = UInt64(truncatingIfNeeded: left)
        bucket[1] = UInt64(truncatingIfNeeded: left >> 64)
    }

    private func clear(_ bucket: StateWords) {
        for index in 0..<GCRA.words { bucket[index] = 0 }
    }

    // MARK: Memory

    /// How long this matters, and how much: what is least is forgotten first.
    func worth(_ rules: BanRules, now: UInt64) -> (memory: Nanoseconds, usage: UInt8) {
        var memory: Nanoseconds = 0
        func add(_ rate: RateWindow?, _ bucket: Bucket) {
            if let rate { memory = max(memory, GCRA(rate).check(words(bucket), cost: 0, now: now).drained) }
        }
        add(bounds.newConnections, .newConnections)
        add(bounds.handshakes, .handshakes)
        add(bounds.requests, .requests)
        add(bounds.offences, .offences)
        if strikes > 0 { memory = max(memory, bannedUntil.addingClamped(rules.memory).subtractingClamped(now)) }
        if banned(now) > 0 { return (memory, .max) }
        if open > 0 { return (.max, 0xc0) }
        guard let limit = bounds.offences else { return (memory, 0) }
        let spent = UInt64(limit.burst).subtractingClamped(GCRA(limit).check(words(.offences), cost: 0, now: now).remaining)
        return (memory, UInt8(clamping: spent &* 0x80 / UInt64(max(1, limit.burst))))
    }
}

extension UInt64 {
    fileprivate func addingClamped(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }

    fileprivate func subtractingClamped(_ other: UInt64) -> UInt64 { self > other ? self &- other : 0 }
}
