/// An open hash from byte strings kept elsewhere to their numbers: linear probing, at most half full, eight bytes a slot.
///
/// Filled by configuration, so nobody else chooses what collides.
struct OpenHash: Sendable {
    /// The hash in the upper half, the number plus one in the lower; 0 is free.
    private var slots: [UInt64] = [0, 0]
    private(set) var count = 0

    init() {}

    init(minimumCapacity: Int) {
        var size = 2
        while size < 2 * minimumCapacity { size *= 2 }
        slots = Array(repeating: 0, count: size)
    }

    /// The number under `hash` that `isEqual` confirms.
    @inline(__always)
    func find(_ hash: UInt32, _ isEqual: (Int) -> Bool) -> Int? {
        let mask = slots.count - 1
        var place = Int(hash) & mask
        while true {
            let slot = slots[place]
            if slot == 0 { return nil }
            if UInt32(truncatingIfNeeded: slot >> 32) == hash {
                let number = Int(UInt32(truncatingIfNeeded: slot)) - 1
                if isEqual(number) { return number }
            }
            place = (place + 1) & mask
        }
    }

    mutating func insert(_ hash: UInt32, _ number: Int) {
        if 2 * (count + 1) > slots.count {
            let old = slots
            slots = Array(repeating: 0, count: 2 * old.count)
            for slot in old where slot != 0 { place(slot) }
        }
        place(UInt64(hash) << 32 | UInt64(number + 1))
        count += 1
    }

    private mutating func place(_ slot: UInt64) {
        let mask = slots.count - 1
        var place = Int(slot >> 32) & mask
        while slots[place] != 0 { place = (place + 1) & mask }
        slots[place] = slot
    }
}
