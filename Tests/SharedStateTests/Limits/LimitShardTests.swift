import Testing

@testable import SharedState

@Suite struct LimitShardTests {
    /// Random keys, many with the same home, against a dictionary; the clock stands, so nothing is ever over.
    @Test(arguments: UInt64(1)...8) func isADictionary(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var shard = LimitShard(capacity: 300, stateWords: 1)
        defer { shard.destroy() }
        var model: [UInt64: UInt64] = [:]
        let keys = (0..<250).map { LimitKey(low: $0 % 3 == 0 ? .max : random.next(), high: UInt64($0)) }
        for step in UInt64(1)...2000 {
            let key = keys[Int.random(in: 0..<keys.count, using: &random)]
            let entry = shard.find(key)
            #expect(entry?.state[0] == model[key.high])
            if entry != nil, Bool.random(using: &random) {
                shard.remove(key)
                model[key.high] = nil
            } else {
                let entry = entry ?? shard.insert(key, now: 0)
                entry.state[0] = step
                entry.note(drained: 1_000_000, usage: 1, now: 0)
                model[key.high] = step
            }
            #expect(shard.count == model.count)
        }
        for key in keys { #expect(shard.find(key)?.state[0] == model[key.high]) }
        #expect(shard.evictions == 0 && model.count > 50)
    }

    @Test func givesUpWhatIsOverBeforeAnythingElse() {
        var shard = LimitShard(capacity: 4, stateWords: 1)
        defer { shard.destroy() }
        insert(&shard, 1, usage: 9, drained: 10_000)
        insert(&shard, 2, usage: 255, drained: 1000)
        insert(&shard, 3, usage: 1, drained: 20_000)
        insert(&shard, 4, usage: 1, drained: 10_000)
        insert(&shard, 5, usage: 1, drained: 10_000, now: 2000)
        #expect(held(shard) == [1, 3, 4, 5] && shard.evictions == 0)
        insert(&shard, 6, usage: 1, drained: 10_000, now: 2000)
        #expect(held(shard) == [1, 3, 5, 6] && shard.evictions == 1, "least spent, then soonest over")
        insert(&shard, 7, usage: 100, drained: 10_000, now: 2000)
        insert(&shard, 8, usage: 100, drained: 10_000, now: 2000)
        #expect(held(shard) == [1, 3, 7, 8])
        #expect(shard.evictions == 3 && shard.count == 4)
    }

    /// Keys that are over make room: the memory follows those that count, not those that came.
    @Test func memoryFollowsTheKeysThatCount() {
        var shard = LimitShard(capacity: 10_000, stateWords: 1)
        defer { shard.destroy() }
        for key in UInt64(0)..<20_000 { insert(&shard, key, usage: 1, drained: 100 * 256, now: key * 256) }
        #expect(shard.evictions == 0 && shard.bytes <= 512 * 4 * 8)
        #expect(shard.count <= 512)
    }

    @Test func neverGrowsBeyondItsCapacity() {
        for capacity in [1, 2, 3, 16, 17, 100, 1000] {
            var shard = LimitShard(capacity: capacity, stateWords: 1)
            for key in UInt64(0)..<3000 {
                insert(&shard, key &* 0x9e37_79b9_7f4a_7c15, usage: 1, drained: 1_000_000)
                #expect(shard.count <= capacity)
            }
            #expect(shard.count == capacity && shard.evictions == 3000 - capacity)
            #expect(shard.bytes <= (capacity * 4 / 3 + 2) * 4 * 8)
            shard.destroy()
        }
    }

    private func insert(_ shard: inout LimitShard, _ key: UInt64, usage: UInt8, drained: UInt64, now: UInt64 = 0) {
        let entry = shard.insert(LimitKey(low: key, high: key), now: now)
        entry.state[0] = key
        entry.note(drained: drained, usage: usage, now: now)
    }

    private func held(_ shard: LimitShard) -> [UInt64] {
        (UInt64(1)...9).filter { shard.find(LimitKey(low: $0, high: $0)) != nil }
    }
}
