/// Connections with handshakes to go on with, first come first served.
///
/// A handshake costs as much as dozens of exchanges. Handshakes are worked on when a turn has done everything else, and
/// for a bounded time; what is left waits for the next turn, behind its exchanges.
struct HandshakeQueue {
    private var waiting: ContiguousArray<Connection> = []
    private var next = 0
    /// Longest time in one turn after which no other handshake is begun.
    static let budget: Nanoseconds = .milliseconds(2)

    var isEmpty: Bool { next == waiting.count }

    mutating func append(_ connection: Connection) { waiting.append(connection) }

    mutating func takeFirst() -> Connection? {
        guard next < waiting.count else { return nil }
        defer {
            next += 1
            if next == waiting.count || next > 1024 {
                waiting.removeFirst(next)
                next = 0
            }
        }
        return waiting[next]
    }
}
