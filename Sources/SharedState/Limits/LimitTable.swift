/// Counters by key, in shards with a lock each, so that event loops meet only at the same few keys.
@safe
struct LimitTable: ~Copyable {
    /// A lock and what it protects, apart from the next by more than a cache line.
    private struct Cell: ~Copyable {
        let lock = SpinLock()
        var shard: LimitShard
        private let gap: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0, 0)

        init(_ shard: LimitShard) { self.shard = shard }
    }

    /// Entries of a shard: enough that chance fills all alike, few enough that growing one takes microseconds.
    private static let shardEntries = 1024
    private static let mostShards = 1 << 14

    private let cells: UnsafeMutablePointer<Cell>
    private let shards: Int

    /// At most `capacity` entries. A shard is full a little before the whole is.
    init(capacity: Int, stateWords: Int) {
        let capacity = max(1, capacity)
        let wanted = min(max(1, capacity / LimitTable.shardEntries), LimitTable.mostShards)
        shards = 1 << (Int.bitWidth - 1 - wanted.leadingZeroBitCount)
        unsafe cells = .allocate(capacity: shards)
        for index in 0..<shards {
            unsafe (cells + index).initialize(to: Cell(LimitShard(capacity: capacity / shards, stateWords: stateWords)))
        }
    }

    deinit {
        for index in 0..<shards { unsafe cells[index].shard.destroy() }
        unsafe cells.deinitialize(count: shards)
        unsafe cells.deallocate()
    }

    /// Runs `body` with the shard of `key`, alone.
    @inline(__always)
    borrowing func withShard<Result>(_ key: LimitKey, _ body: (inout LimitShard) -> Result) -> Result {
        withShard(Int(truncatingIfNeeded: key.high & UInt64(truncatingIfNeeded: shards &- 1)), body)
    }

    /// The sum of what `value` says of every shard, one after the other.
    borrowing func sum(_ value: (LimitShard) -> Int) -> Int {
        var sum = 0
        for index in 0..<shards { sum += withShard(index) { value($0) } }
        return sum
    }

    @inline(__always)
    private borrowing func withShard<Result>(_ index: Int, _ body: (inout LimitShard) -> Result) -> Result {
        let cell = unsafe cells + index
        unsafe cell.pointee.lock.lock()
        defer { unsafe cell.pointee.lock.unlock() }
        return unsafe body(&cell.pointee.shard)
    }
}
