/// Deadlines of one event loop: a wheel of slots that a timer enters once and is moved in lazily (Varghese and
/// Lauck, "Hashed and hierarchical timing wheels", 1987, scheme 6).
///
/// Moving a deadline to later, which is what nearly every exchange does, is one store: the timer stays in its slot and
/// is put where it belongs when the slot comes round. Only an earlier deadline is relinked. Everything is O(1), but
/// `expire`, which is linear in the timers of the slots that have passed.
package struct TimerWheel {
    /// Names a timer until it is released.
    package typealias ID = Int32

    package static let tick: Nanoseconds = 16_000_000
    static let slotCount = 1024

    private struct Node {
        var deadline = Instant.never
        /// The tick whose slot holds the node; meaningless when the node is in no slot.
        var due: UInt64 = 0
        var slot: Int32 = -1
        var previous: ID = -1
        /// `expire` has named it, and nobody has touched it since.
        var hasFired = false
        var next: ID = -1
    }

    private var nodes: ContiguousArray<Node> = []
    private var free: ContiguousArray<ID> = []
    private var heads = ContiguousArray<ID>(repeating: -1, count: slotCount)
    private var occupied = ContiguousArray<UInt64>(repeating: 0, count: slotCount / 64)
    /// The last tick that was expired.
    private var current: UInt64

    package init(now: Instant) { current = now.nanoseconds / TimerWheel.tick }

    /// A new timer, not armed.
    package mutating func acquire() -> ID {
        if let id = free.popLast() { return id }
        nodes.append(Node())
        return ID(nodes.count - 1)
    }

    package mutating func release(_ id: ID) {
        unlink(id)
        nodes[Int(id)] = Node()
        free.append(id)
    }

    package func deadline(_ id: ID) -> Instant { nodes[Int(id)].deadline }

    /// Sets the deadline; `.never` disarms.
    package mutating func arm(_ id: ID, at deadline: Instant) {
        let index = Int(id)
        nodes[index].deadline = deadline
        nodes[index].hasFired = false
        if deadline == .never { return }
        let due = deadline.nanoseconds / TimerWheel.tick + 1
        if nodes[index].slot >= 0 {
            if nodes[index].due <= due { return }
            unlink(id)
        }
        link(id, due: due)
    }

    /// Appends every timer whose deadline has come to `fired`, and disarms it.
    package mutating func expire(now: Instant, into fired: inout ContiguousArray<ID>) {
        let target = now.nanoseconds / TimerWheel.tick
        guard target > current else { return }
        let steps = Swift.min(target - current, UInt64(TimerWheel.slotCount))
        let first = target - steps + 1
        current = target
        for tick in first...target {
            let slot = Int(tick % UInt64(TimerWheel.slotCount))
            guard heads[slot] >= 0 else { continue }
            expire(slot: slot, now: now, into: &fired)
        }
    }

    private mutating func expire(slot: Int, now: Instant, into fired: inout ContiguousArray<ID>) {
        var id = heads[slot]
        while id >= 0 {
            let node = nodes[Int(id)]
            if node.deadline <= now {
                unlink(id)
                nodes[Int(id)].deadline = .never
                nodes[Int(id)].hasFired = true
                fired.append(id)
            } else if node.deadline == .never {
                unlink(id)
            } else {
                let due = node.deadline.nanoseconds / TimerWheel.tick + 1
                if due != node.due {
                    unlink(id)
                    link(id, due: due)
                }
            }
            id = node.next
        }
    }

    /// Whether a timer that `expire` has named is still to be told: not when the telling of another has moved, disarmed
    /// or released it. True once.
    package mutating func takeFired(_ id: ID) -> Bool {
        defer { nodes[Int(id)].hasFired = false }
        return nodes[Int(id)].hasFired
    }

    /// When `expire` may next have something to do; `.never` when no timer waits.
    package var nextExpiry: Instant {
        let start = Int((current + 1) % UInt64(TimerWheel.slotCount))
        var distance = 0
        while distance < TimerWheel.slotCount {
            let slot = (start + distance) % TimerWheel.slotCount
            let word = occupied[slot / 64] >> UInt64(slot % 64)
            if word != 0 {
                let tick = current + 1 + UInt64(distance + word.trailingZeroBitCount)
                return Instant(nanoseconds: tick * TimerWheel.tick)
            }
            distance += 64 - slot % 64
        }
        return .never
    }

    private mutating func link(_ id: ID, due: UInt64) {
        let due = Swift.max(due, current + 1)
        let slot = Int(due % UInt64(TimerWheel.slotCount))
        let head = heads[slot]
        nodes[Int(id)].due = due
        nodes[Int(id)].slot = Int32(slot)
        nodes[Int(id)].previous = -1
        nodes[Int(id)].next = head
        if head >= 0 { nodes[Int(head)].previous = id }
        heads[slot] = id
        occupied[slot / 64] |= 1 << UInt64(slot % 64)
    }

    private mutating func unlink(_ id: ID) {
        let node = nodes[Int(id)]
        guard node.slot >= 0 else { return }
        let slot = Int(node.slot)
        if node.previous >= 0 { nodes[Int(node.previous)].next = node.next } else { heads[slot] = node.next }
        if node.next >= 0 { nodes[Int(node.next)].previous = node.previous }
        if heads[slot] < 0 { occupied[slot / 64] &= ~(1 << UInt64(slot % 64)) }
        nodes[Int(id)].slot = -1
        nodes[Int(id)].previous = -1
        nodes[Int(id)].next = -1
    }
}
