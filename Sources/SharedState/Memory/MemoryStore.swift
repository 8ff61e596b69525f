import Synchronization

/// The store of one process: exact across event loops, each kind of entry in parts with locks of their own, at most `capacity` of each kind.
/// Beyond, those that came first are given up first.
package final class MemoryStore: SharedStore {
    private struct Known {
        weak var limiter: MemoryLimiter?
    }

    /// By name, the newest last: those of snapshots that are still in use.
    private let limiters = Mutex<[String: [Known]]>([:])
    let counters: ShardedTable<Int>
    let leases: ShardedTable<LeaseSet>
    let values: ShardedTable<[UInt8]>

    package init(capacity: Int = 1_000_000) {
        counters = ShardedTable(capacity: capacity)
        leases = ShardedTable(capacity: capacity)
        values = ShardedTable(capacity: capacity)
    }

    package var kind: StoreKind { .memory }

    /// The limiter that counts already, if its limits are the same; otherwise one that goes on with what its keys have spent.
    package func limiter(_ specification: LimiterSpecification) -> any Limiter {
        limiters.withLock { limiters in
            let alive = limiters[specification.name, default: []].compactMap(\.limiter)
            if let known = alive.last(where: { $0.specification == specification }) { return known }
            let before = alive.last { $0.specification.algorithm == specification.algorithm }
            let limiter = MemoryLimiter(specification, predecessor: before)
            limiters[specification.name] = (alive + [limiter]).map { Known(limiter: $0) }
            return limiter
        }
    }
}
