package import Primitives
package import Reactor
import Synchronization

/// Failures of any number of sources in the memory of this process, exact across event loops, like `MemoryLimiter`: any thread may call.
/// Only sources that fail are remembered, and of those at most `capacity`; one that is banned is forgotten last.
package final class FailureLedger: @unchecked Sendable {
    package let rules: FailureRules
    private let table: LimitTable
    private let secret: LimitKey.Secret
    private let failed = Atomic<UInt64>(0)
    private let bannings = Atomic<UInt64>(0)

    package convenience init(_ rules: FailureRules, capacity: Int) { self.init(rules, capacity: capacity, secret: .ofProcess) }

    init(_ rules: FailureRules, capacity: Int, secret: LimitKey.Secret) {
        self.rules = rules
        table = LimitTable(capacity: capacity, stateWords: FailureState.words(rules))
        self.secret = secret
    }

    /// Until the ban of `key` ends; 0 when it has none.
    package func banned(_ key: ByteView, now: Instant) -> Nanoseconds {
        let key = LimitKey(key, secret)
        return table.withShard(key) { $0.find(key).map { FailureState($0.state, rules).banned(now.nanoseconds) } ?? 0 }
    }

    /// Counts a failure of `key`.
    package func fail(_ key: ByteView, now: Instant) -> FailureOutcome {
        let key = LimitKey(key, secret)
        let outcome = table.withShard(key) { shard in
            let entry = shard.find(key) ?? shard.insert(key, now: now.nanoseconds)
            let state = FailureState(entry.state, rules)
            let outcome = state.fail(now.nanoseconds)
            let usage = outcome.banned > 0 ? UInt8.max : UInt8(clamping: outcome.count * 200 / rules.attempts)
            entry.note(drained: state.memory(now.nanoseconds), usage: usage, now: now.nanoseconds)
            return outcome
        }
        failed.wrappingAdd(1, ordering: .relaxed)
        if outcome.isNewBan { bannings.wrappingAdd(1, ordering: .relaxed) }
        return outcome
    }

    /// Forgets what is known of `key`.
    package func forget(_ key: ByteView) {
        let key = LimitKey(key, secret)
        table.withShard(key) { $0.remove(key) }
    }

    /// Failures that were counted, and bans that began, since the beginning.
    package var failures: UInt64 { failed.load(ordering: .relaxed) }
    package var bans: UInt64 { bannings.load(ordering: .relaxed) }

    /// Sources that are remembered.
    package var count: Int { table.sum { $0.count } }

    /// Sources that are banned now. Looks at every entry: for those who watch.
    package func bannedCount(now: Instant) -> Int {
        table.sum { $0.count { FailureState($0.state, rules).banned(now.nanoseconds) > 0 } }
    }
}
