package import GatewayCore
package import Primitives
import Reactor
package import SharedState

extension HTTPServer {
    /// Whether who has connected comes in, before there is a connection.
    ///
    /// A trusted proxy speaks for many: its connections are not counted. Whom it names in a PROXY protocol header is, when that is there.
    func entry(of peer: SocketAddress) -> ConnectionEntry {
        guard let guards, let address = peer.ip, !namesClients(address) else { return .uncounted }
        return guards.enter(address, isHandshake: tls != nil)
    }

    private func namesClients(_ address: IPAddress) -> Bool {
        trusts(address) || settings.proxyProtocol && info.trustedProxies.isEmpty
    }

    /// Counts a connection for the client that a PROXY protocol header has named. False: it does not come in.
    func count(_ connection: Connection, for client: IPAddress) -> Bool {
        guard let guards, connection.ticket == nil, !trusts(client) else { return true }
        switch guards.enter(client, isHandshake: tls != nil) {
        case .refused: return false
        case .uncounted: return true
        case .counted(let ticket):
            connection.ticket = ticket
            return true
        }
    }

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

extension Reason {
    /// Who has given too much cause for it, and is not let in for a while.
    package static let clientBanned = Reason("client_banned", 429, "This address is banned for a while", "http_request_denied")
    package static let clientRateLimited = Reason("client_rate_limited", 429, "Too many requests from this address", "http_request_denied")
}
