package import Primitives
package import Reactor

/// Rate limits of any number of keys in the memory of this process, exact across event loops: any thread may call, and what
/// all of them are allowed together is what the windows say. Nothing is allocated for a call, but for the table's growth.
@safe
package final class MemoryLimiter: @unchecked Sendable {
    private let rules: LimitRules
    private let table: LimitTable
    private let secret: LimitKey.Secret
    /// The counters of a key that nobody has seen: zeros that nobody writes.
    private let fresh: UnsafeMutablePointer<UInt64>

    /// At most `capacity` keys are remembered; memory is taken as keys come. With no windows, everything is allowed.
    package convenience init(windows: [RateWindow], algorithm: RateAlgorithm, capacity: Int) {
        self.init(windows: windows, algorithm: algorithm, capacity: capacity, secret: .ofProcess)
    }

    init(windows: [RateWindow], algorithm: RateAlgorithm, capacity: Int, secret: LimitKey.Secret) {
        rules = LimitRules(windows, algorithm)
        table = LimitTable(capacity: capacity, stateWords: rules.words)
        self.secret = secret
        unsafe fresh = .allocate(capacity: rules.words)
        unsafe fresh.initialize(repeating: 0, count: rules.words)
    }

    deinit { unsafe fresh.deallocate() }

    /// Spends `cost` units of every window of `key`, or of none. What is refused costs nothing; a negative cost is 0.
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

    /// Forgets what `key` has spent.
    package func reset(key: ByteView) {
        let key = LimitKey(key, secret)
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
            let known = shard.find(key)
            let state = unsafe known?.state ?? StateWords(fresh, count: rules.words)
            let outcome = rules.check(state, cost: cost, now: now, wall: wall)
            if takes, outcome.decision.allowed, cost > 0, rules.words > 0 {
                let entry = known ?? shard.insert(key, now: now)
                rules.record(entry.state, cost: cost, now: now, wall: wall)
                entry.note(drained: outcome.drained, usage: outcome.usage, now: now)
            }
            return outcome.decision
        }
    }
}
