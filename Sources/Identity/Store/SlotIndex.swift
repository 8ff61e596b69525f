/// A hash table of numbers: open addressing with linear probing, at most three quarters full. What the numbers stand for, and whether
/// it is what is looked for, the caller knows.
struct SlotIndex: Sendable {
    private static let empty = UInt32.max

    private var slots: ContiguousArray<UInt32>
    private let mask: UInt64

    /// - Parameter capacity: most numbers that will be inserted.
    init(capacity: Int) {
        var size = 4
        while size * 3 < capacity * 4 { size *= 2 }
        slots = ContiguousArray(repeating: SlotIndex.empty, count: size)
        mask = UInt64(size - 1)
    }

    var bytes: Int { slots.count * MemoryLayout<UInt32>.stride }

    /// The number for which `matches` holds among those that were inserted with such a hash.
    @inline(__always)
    func find(_ hash: UInt64, _ matches: (Int) -> Bool) -> Int? {
        var place = Int(truncatingIfNeeded: hash & mask)
        while slots[place] != SlotIndex.empty {
            if matches(Int(slots[place])) { return Int(slots[place]) }
            place = place + 1 == slots.count ? 0 : place + 1
        }
        return nil
    }

    /// Adds a number that `find` did not find. Callers keep to the capacity.
    mutating func insert(_ hash: UInt64, _ number: Int) {
        var place = Int(truncatingIfNeeded: hash & mask)
        while slots[place] != SlotIndex.empty { place = place + 1 == slots.count ? 0 : place + 1 }
        slots[place] = UInt32(truncatingIfNeeded: number)
    }
}
