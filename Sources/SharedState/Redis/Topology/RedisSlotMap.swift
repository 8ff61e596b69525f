import Primitives

/// Which server has which slots, as a node says (CLUSTER SLOTS).
struct RedisSlotMap {
    struct Range: Equatable {
        let slots: ClosedRange<Int>
        let master: RedisServer
    }

    private(set) var ranges: [Range] = []

    /// Nil: the reply is none, or names nobody.
    ///
    /// - Parameter host: of the node that answered: it stands for itself by no name, where it does not know one.
    init?(_ reply: RedisReply, from host: String?) {
        for entry in reply.elements {
            var elements = entry.elements
            guard let first = elements.nextInteger(), let last = elements.nextInteger(), let node = elements.next() else { return nil }
            guard first >= 0, last >= first, last < RedisSlot.count else { return nil }
            var parts = node.elements
            let named = parts.next()?.text?.string ?? ""
            guard let port = parts.nextInteger().flatMap({ UInt16(exactly: $0) }), port > 0 else { return nil }
            guard let host = named.isEmpty || named == "?" ? host : named else { return nil }
            ranges.append(Range(slots: first...last, master: RedisServer(host: host, port: port)))
        }
        if ranges.isEmpty { return nil }
    }
}
