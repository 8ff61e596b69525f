import GatewayCore
import Reactor
import SharedState

extension HTTPServer {
    /// Closes the connections of those who have been banned meanwhile.
    package func closeBanned() {
        guard let guards else { return }
        for connection in connections {
            guard let connection, connection.isCounted, guards.isBanned(connection.clientAddress) else { continue }
            connection.shutDown(.clientBanned, reset: true)
        }
        handshakes.closeBanned(guards)
    }

    // MARK: Room for others

    /// Closes the connection that has been idle for longest, one that has never brought a request before all others. False: none is idle.
    func makeRoom() -> Bool {
        if idle.isEmpty, loop.now >= idle.nextLook { idle.look(at: connections, now: loop.now) }
        while let candidate = idle.next() {
            guard let connection = connections[candidate.slot], connection.idleness == candidate.idleness else { continue }
            counters.reclaimed += 1
            connection.endIdle()
            return true
        }
        return false
    }
}

/// Since when nothing is asked on a connection, and whether anything ever was.
struct Idleness: Equatable {
    var hasServed: Bool
    var since: Instant

    /// What is given up first.
    static func isBefore(_ a: Idleness, _ b: Idleness) -> Bool { (a.hasServed ? 1 : 0, a.since) < (b.hasServed ? 1 : 0, b.since) }
}

/// Idle connections in the order in which they are given up. Looked for all at once when the first is needed, and not again before these
/// are gone: so none of them costs anything while there is room.
struct IdleConnections {
    struct Candidate {
        var slot: Int
        var idleness: Idleness
    }

    /// Last first.
    private var candidates: ContiguousArray<Candidate> = []
    private(set) var nextLook = Instant(nanoseconds: 0)

    /// Who has just come, or just had an answer, is about to ask.
    private static let shortest: Nanoseconds = .seconds(1)
    private static let pause: Nanoseconds = .milliseconds(100)

    var isEmpty: Bool { candidates.isEmpty }

    mutating func look(at connections: ContiguousArray<(any ServedConnection)?>, now: Instant) {
        nextLook = now + IdleConnections.pause
        for connection in connections {
            guard let connection, let idleness = connection.idleness, now - idleness.since >= IdleConnections.shortest else { continue }
            candidates.append(Candidate(slot: connection.slot, idleness: idleness))
        }
        candidates.sort { Idleness.isBefore($1.idleness, $0.idleness) }
    }

    mutating func next() -> Candidate? { candidates.popLast() }
}
