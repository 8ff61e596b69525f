internal import Primitives

/// Puts the entries of each place side by side, the ones to be tried first in front.
extension RouteTableBuilder {
    mutating func arrange() {
        var starts = [Int](repeating: 0, count: places.count + 1)
        for (place, _) in pending { starts[place + 1] += 1 }
        for place in places.indices { starts[place + 1] += starts[place] }
        var order = [Int](repeating: 0, count: pending.count)
        var next = starts
        for (number, item) in pending.enumerated() {
            order[next[item.place]] = number
            next[item.place] += 1
        }
        storage.entries = order.map { pending[$0].entry }
        pending = []
        for (number, place) in places.enumerated() {
            let range = starts[number]..<starts[number + 1]
            if range.count > 1 {
                storage.entries[range].sort(by: comesFirst)
                findConflicts(in: range)
            }
            self[place] = RouteGroup(start: UInt32(range.lowerBound), count: UInt32(range.count))
        }
        spreadBounds()
    }

    /// Inside one place: priority and kind, more conditions, HEAD by name, place in the file.
    private func comesFirst(_ a: RouteEntry, _ b: RouteEntry) -> Bool {
        if a.key != b.key { return a.key > b.key }
        let first = rules[Int(a.position)], second = rules[Int(b.position)]
        if first.conditionCount != second.conditionCount { return first.conditionCount > second.conditionCount }
        if first.namesHead != second.namesHead { return first.namesHead }
        return a.position < b.position
    }

    /// Children have greater numbers than their parents.
    private mutating func spreadBounds() {
        for number in storage.nodes.indices.reversed() {
            var node = storage.nodes[number]
            if node.whole.count > 0 { node.bound = max(node.bound, storage.entries[Int(node.whole.start)].key) }
            if node.open.count > 0 { node.bound = max(node.bound, storage.entries[Int(node.open.start)].key) }
            storage.nodes[number] = node
            let parent = Int(node.parent)
            storage.nodes[parent].bound = max(storage.nodes[parent].bound, node.bound)
        }
    }
}
