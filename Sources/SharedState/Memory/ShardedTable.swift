/// Tables by key, with a lock each, so that event loops meet only at the same few keys.
final class ShardedTable<Value>: @unchecked Sendable {
    /// One part. Its table is for whoever holds its lock.
    private final class Shard {
        let lock = SpinLock()
        var table: ExpiringTable<Value>
        init(capacity: Int) { table = ExpiringTable(capacity: capacity) }
    }

    private static var shards: Int { 64 }
    private let shards: [Shard]

    init(capacity: Int) { shards = (0..<Self.shards).map { _ in Shard(capacity: capacity / Self.shards) } }

    /// Runs `body` with the table of `key`, alone.
    func with<Result>(_ key: [UInt8], _ body: (inout ExpiringTable<Value>) -> Result) -> Result {
        let shard = shards[place(key)]
        shard.lock.lock()
        defer { shard.lock.unlock() }
        return body(&shard.table)
    }

    /// Runs `body` with the tables of all `keys` locked: what it does through `Locked` is one step for everybody else.
    func with<Result>(all keys: [[UInt8]], _ body: (Locked) -> Result) -> Result {
        // In order, so that nobody waits for each other in a circle.
        let places = Set(keys.map(place)).sorted()
        for place in places { shards[place].lock.lock() }
        defer { for place in places { shards[place].lock.unlock() } }
        return body(Locked(owner: self))
    }

    /// What the tables that were locked hold; not to be kept.
    struct Locked {
        fileprivate let owner: ShardedTable

        func value(_ key: [UInt8], now: UInt64) -> (value: Value, ends: UInt64)? { owner.shards[owner.place(key)].table.value(key, now: now) }

        func set(_ key: [UInt8], _ value: Value, ends: UInt64, now: UInt64) {
            owner.shards[owner.place(key)].table.set(key, value, ends: ends, now: now)
        }
    }

    /// Over all parts, one after the other.
    func all(prefix: [UInt8], most: Int, now: UInt64) -> [(key: [UInt8], value: Value, ends: UInt64)] {
        var found: [(key: [UInt8], value: Value, ends: UInt64)] = []
        for shard in shards where found.count < most {
            shard.lock.lock()
            found += shard.table.all(prefix: prefix, most: most - found.count, now: now)
            shard.lock.unlock()
        }
        return found
    }

    var count: Int {
        shards.reduce(0) { sum, shard in
            shard.lock.lock()
            defer { shard.lock.unlock() }
            return sum + shard.table.count
        }
    }

    private func place(_ key: [UInt8]) -> Int {
        var hasher = Hasher()
        hasher.combine(key)
        return Int(bitPattern: hasher.finalize().magnitude % UInt(Self.shards))
    }
}
