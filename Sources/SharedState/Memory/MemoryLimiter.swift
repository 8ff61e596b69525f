package import Primitives
package import Reactor

/// Rate limits of any number of keys in the memory of this process, exact across event loops: any thread may call, and what
/// all of them are allowed together is what the windows say. Nothing is allocated for a call, but for the table's growth.
@safe
package final class MemoryLimiter: @unchecked Sendable {
    package let specification: LimiterSpecification
    let rules: LimitRules
    let table: LimitTable
    private let secret: LimitKey.Secret
    /// The counters of a key that nobody has seen: zeros that nobody writes.
    private let fresh: UnsafeMutablePointer<UInt64>
    /// Where keys are looked for that have not been seen since the limits changed.
    private let inheritance: LimitInheritance?

    /// At most `capacity` keys are remembered; memory is taken as keys come. With no windows, everything is allowed.
    package convenience init(windows: [RateWindow], algorithm: RateAlgorithm, capacity: Int) {
        self.init(LimiterSpecification(name: "", windows: windows, algorithm: algorithm, capacity: capacity))
    }

    /// - Parameter predecessor: what counted the same keys under other limits. What they have spent there, they have spent here.
    init(_ specification: LimiterSpecification, predecessor: MemoryLimiter? = nil, secret: LimitKey.Secret = .ofProcess) {
        self.specification = specification
        rules = LimitRules(specification.windows, specification.algorithm)
        table = LimitTable(capacity: specification.capacity, stateWords: rules.words)
        self.secret = secret
        inheritance = predecessor.map { LimitInheritance($0) }
        unsafe fresh = .allocate(capacity: rules.words)
        unsafe fresh.initialize(repeating: 0, count: rules.words)
    }

    deinit { unsafe fresh.deallocate() }

    /// Spends `cost` units of every window of `key`, or of none. What is refused costs nothing, unless the specification says otherwise; a
    /// negative cost is 0.
    ///
    /// - Parameters:
    ///   - now: the monotonic clock, which `gcra` and `sliding` go by.
    ///   - wall: nanoseconds since 1970, which `fixed` goes by.
    package func take(key: ByteView, cost: Int = 1, now: Instant, wall: UInt64) -> RateDecision {
        decide(key, cost, now.nanoseconds, wall, takes: true)
    }

    /// What `take` would say, without taking anything.
    package func peek(key: ByteView, cost: Int = 1, now: Instant, wall: UInt64) -> RateDecision {
        decide(key, cost, now.nanoseconds, wall, takes: false)
    }

    /// Spends what has come out afterwards, whatever the windows say; a negative cost gives back.
    package func settle(key: ByteView, cost: Int, now: Instant, wall: UInt64) {
        let key = LimitKey(key, secret)
        let now = now.nanoseconds
        table.withShard(key) { shard in
            guard let entry = shard.find(key) ?? inherited(key, &shard, now, wall) ?? (cost > 0 ? shard.insert(key, now: now) : nil) else { return }
            charge(entry, cost, now, wall, fills: false)
        }
    }

    /// What is left in each window, and until when there is more.
    package func report(key: ByteView, now: Instant, wall: UInt64) -> [WindowReport] {
        let key = LimitKey(key, secret)
        let now = now.nanoseconds
        return table.withShard(key) { shard in
            let known = shard.find(key) ?? inherited(key, &shard, now, wall)
            let state = unsafe known.map(\.state) ?? StateWords(fresh, count: rules.words)
            return zip(specification.windows, rules.verdicts(state, now: now, wall: wall)).map { window, verdict in
                WindowReport(window: window, remaining: Int(clamping: verdict.remaining), reset: verdict.reset)
            }
        }
    }

    /// Forgets what `key` has spent.
    package func reset(key: ByteView) {
        let key = LimitKey(key, secret)
        inheritance?.forget(key)
        table.withShard(key) { $0.remove(key) }
    }

    /// Keys that are remembered, those among them that could be forgotten included.
    package var count: Int { table.sum { $0.count } }

    /// Keys that were forgotten, for lack of room, while they still had something spent. Their counters began anew.
    package var evictions: Int { table.sum { $0.evictions } }

    /// Bytes that the counters take now.
    package var memory: Int { table.sum { $0.bytes } }

    @inline(__always)
    private func decide(_ key: ByteView, _ cost: Int, _ now: UInt64, _ wall: UInt64, takes: Bool) -> RateDecision {
        let key = LimitKey(key, secret)
        let cost = UInt64(max(0, cost))
        return table.withShard(key) { shard in
            let known = shard.find(key) ?? (inheritance == nil ? nil : inherited(key, &shard, now, wall))
            let state = unsafe known.map(\.state) ?? StateWords(fresh, count: rules.words)
            let outcome = rules.check(state, cost: cost, now: now, wall: wall)
            guard takes, cost > 0, rules.words > 0 else { return outcome.decision }
            if outcome.decision.allowed {
                let entry = known ?? shard.insert(key, now: now)
                rules.record(entry.state, cost: cost, now: now, wall: wall)
                entry.note(drained: outcome.drained, usage: outcome.usage, now: now)
            } else if specification.countsRefused {
                charge(known ?? shard.insert(key, now: now), Int(clamping: cost), now, wall, fills: true)
            }
            return outcome.decision
        }
    }

    private func charge(_ entry: LimitEntry, _ cost: Int, _ now: UInt64, _ wall: UInt64, fills: Bool) {
        guard rules.words > 0 else { return }
        rules.charge(entry.state, cost: cost, now: now, wall: wall, fills: fills)
        note(entry, now, wall)
    }

    private func note(_ entry: LimitEntry, _ now: UInt64, _ wall: UInt64) {
        let outcome = rules.check(entry.state, cost: 0, now: now, wall: wall)
        entry.note(drained: outcome.drained, usage: outcome.usage, now: now)
    }

    /// An entry for a key that the predecessor knows.
    @inline(never)
    private func inherited(_ key: LimitKey, _ shard: inout LimitShard, _ now: UInt64, _ wall: UInt64) -> LimitEntry? {
        guard rules.words > 0, let inheritance else { return nil }
        return inheritance.find(key, now: now) { state, before in
            let entry = shard.insert(key, now: now)
            rules.adopt(entry.state, from: before, state, now: now)
            note(entry, now, wall)
            return entry
        }
    }

    /// Hands a key over to a limiter that has taken this one's place: it is forgotten here, so that nobody takes it twice.
    func lend<Result>(_ key: LimitKey, now: UInt64, _ body: (StateWords, LimitRules) -> Result) -> Result? {
        let found = table.withShard(key) { shard -> Result? in
            guard let entry = shard.find(key), !entry.isOver(now) else { return nil }
            let result = body(entry.state, rules)
            shard.remove(key)
            return result
        }
        return found ?? inheritance?.find(key, now: now, body)
    }

    func forget(_ key: LimitKey) {
        inheritance?.forget(key)
        table.withShard(key) { $0.remove(key) }
    }

    /// Until nothing counts any more that was spent at some moment.
    var memoryLength: Nanoseconds {
        specification.windows.map { window in
            guard specification.algorithm == .gcra else { return window.period }
            let length = UInt128(window.period) &* UInt128(max(1, window.burst)) / UInt128(max(1, window.limit))
            return UInt64(clamping: length)
        }.max() ?? 0
    }
}
