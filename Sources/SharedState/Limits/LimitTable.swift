/// Counters by key, in shards with a lock each, so that event loops meet only at the same few keys.
@safe
struct LimitTable: ~Copyable {
    /// Entries of a shard: enough that chance fills all alike, few enough that growing one takes microseconds.
    private static let shardEntries = 1024
    private static let mostShards = 1 << 14

    /// Each shard has its lock before it, and is apart from the next by two cache lines, which are fetched in pairs.
    private static let stride = 128
    private static let shardOffset = 16

    private let memory: UnsafeMutableRawPointer
    private let shards: Int

    /// At most `capacity` entries. A shard is full a little before the whole is.
    init(capacity: Int, stateWords: Int) {
        let capacity = max(1, capacity)
        let wanted = min(max(1, capacity / LimitTable.shardEntries), LimitTable.mostShards)
        shards = 1 << (Int.bitWidth - 1 - wanted.leadingZeroBitCount)
        unsafe memory = .allocate(byteCount: shards * LimitTable.stride, alignment: LimitTable.stride)
        for index in 0..<shards {
            let place = unsafe memory + index * LimitTable.stride
            unsafe place.bindMemory(to: SpinLock.self, capacity: 1).initialize(to: SpinLock())
            unsafe (place + LimitTable.shardOffset).bindMemory(to: LimitShard.self, capacity: 1)
                .initialize(to: LimitShard(capacity: capacity / shards, stateWords: stateWords))
        }
    }

    deinit {
        for index in 0..<shards {
            unsafe shard(index).pointee.destroy()
            unsafe shard(index).deinitialize(count: 1)
            unsafe lock(index).deinitialize(count: 1)
        }
        unsafe memory.deallocate()
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
        unsafe lock(index).pointee.lock()
        defer { unsafe lock(index).pointee.unlock() }
        return unsafe body(&shard(index).pointee)
    }

    @inline(__always)
    private borrowing func lock(_ index: Int) -> UnsafeMutablePointer<SpinLock> {
        unsafe (memory + index &* LimitTable.stride).assumingMemoryBound(to: SpinLock.self)
    }

    @inline(__always)
    private borrowing func shard(_ index: Int) -> UnsafeMutablePointer<LimitShard> {
        unsafe (memory + index &* LimitTable.stride + LimitTable.shardOffset).assumingMemoryBound(to: LimitShard.self)
    }
}
