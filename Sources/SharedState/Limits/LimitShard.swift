/// A hash table of fixed capacity for a part of the keys: open addressing with linear probing, at most three quarters full. Its
/// memory grows with the keys that count, and never beyond what the capacity needs. Whoever calls holds its lock.
@safe
struct LimitShard {
    private static let firstSlots = 16
    /// How many entries are compared when one has to be given up.
    private static let candidates = 8

    private let capacity: Int
    /// Words of a slot.
    private let stride: Int
    private var words: UnsafeMutablePointer<UInt64>
    private var slots = 0
    private(set) var count = 0
    /// Entries that were given up although they still counted.
    private(set) var evictions = 0

    init(capacity: Int, stateWords: Int) {
        self.capacity = max(1, capacity)
        stride = LimitEntry.header + stateWords
        unsafe words = .allocate(capacity: 0)
    }

    /// Frees the memory; nothing may be called afterwards.
    mutating func destroy() {
        unsafe words.deallocate()
        slots = 0
    }

    /// Bytes that are allocated.
    var bytes: Int { slots * stride * 8 }

    func find(_ key: LimitKey) -> LimitEntry? {
        slot(of: key).map(entry)
    }

    /// A new entry for a key that `find` did not find, its counters at 0; the caller notes what they are worth. Gives up another
    /// entry if the table is full.
    mutating func insert(_ key: LimitKey, now: UInt64) -> LimitEntry {
        if count >= capacity {
            evict(near: key, now: now)
        } else if (count + 1) * 4 > slots * 3 {
            rehash(now: now)
        }
        var slot = home(key)
        while !entry(slot).isEmpty { slot = next(slot) }
        count += 1
        let entry = entry(slot)
        entry.begin(key)
        return entry
    }

    mutating func remove(_ key: LimitKey) {
        if let slot = slot(of: key) { free(slot) }
    }

    /// Entries for which `condition` holds.
    func count(where condition: (LimitEntry) -> Bool) -> Int {
        (0..<slots).count { !entry($0).isEmpty && condition(entry($0)) }
    }
}

extension LimitShard {
    private func slot(of key: LimitKey) -> Int? {
        guard slots > 0 else { return nil }
        var slot = home(key)
        while true {
            let entry = entry(slot)
            if entry.holds(key) { return slot }
            if entry.isEmpty { return nil }
            slot = next(slot)
        }
    }

    @inline(__always)
    private func entry(_ slot: Int) -> LimitEntry {
        assert(slot >= 0 && slot < slots)
        return unsafe LimitEntry(StateWords(words + slot &* stride, count: stride))
    }

    /// Where the search for a key begins: the hash scaled to the number of slots, which need not be a power of two.
    @inline(__always)
    private func home(_ key: LimitKey) -> Int {
        Int(truncatingIfNeeded: key.low.multipliedFullWidth(by: UInt64(truncatingIfNeeded: slots)).high)
    }

    @inline(__always)
    private func next(_ slot: Int) -> Int { slot &+ 1 == slots ? 0 : slot &+ 1 }

    /// Steps from one slot forward to another.
    private func distance(_ from: Int, _ to: Int) -> Int { to >= from ? to - from : to - from + slots }

    /// Gives up one of the entries where `key` would go: one that is over, else the one of lowest rank. A flood of new keys so
    /// pushes out other keys of the flood, and not those that have spent much of their limit.
    private mutating func evict(near key: LimitKey, now: UInt64) {
        var victim: Int?
        var lowest = UInt64.max
        var slot = home(key), seen = 0
        for _ in 0..<slots {
            let entry = entry(slot)
            if !entry.isEmpty {
                if entry.isOver(now) { return free(slot) }
                if victim == nil || entry.rank < lowest { (victim, lowest) = (slot, entry.rank) }
                seen += 1
                if seen == LimitShard.candidates { break }
            }
            slot = next(slot)
        }
        guard let victim else { return }
        evictions += 1
        free(victim)
    }

    /// Empties a slot and moves up what was behind it only because it had been taken.
    private mutating func free(_ slot: Int) {
        var hole = slot, candidate = next(slot)
        while !entry(candidate).isEmpty {
            if distance(home(entry(candidate).key), candidate) >= distance(hole, candidate) {
                entry(hole).copy(from: entry(candidate))
                hole = candidate
            }
            candidate = next(candidate)
        }
        entry(hole).clear()
        count -= 1
    }

    /// Moves what still counts into new memory: of the same size if that made room enough, else twice as much.
    private mutating func rehash(now: UInt64) {
        let old = self
        var live = 0
        for slot in 0..<slots where !entry(slot).isEmpty && !entry(slot).isOver(now) { live += 1 }
        let most = (capacity * 4 + 2) / 3 + 1
        if slots == 0 || live * 8 > slots * 3 { slots = min(max(LimitShard.firstSlots, slots * 2), most) }
        let size = slots * stride
        let memory = UnsafeMutablePointer<UInt64>.allocate(capacity: size)
        unsafe memory.initialize(repeating: 0, count: size)
        unsafe words = memory
        count = live
        for slot in 0..<old.slots where !old.entry(slot).isEmpty && !old.entry(slot).isOver(now) {
            var place = home(old.entry(slot).key)
            while !entry(place).isEmpty { place = next(place) }
            entry(place).copy(from: old.entry(slot))
        }
        unsafe old.words.deallocate()
    }
}
