package import GatewayCore
import Primitives
package import Reactor
package import SharedState

/// One listener on one event loop, whatever it speaks.
package protocol ListeningServer: AnyObject {
    var info: ListenerInfo { get }
    var settings: ServerSettings { get }
    var counters: ServerCounters { get }
    var openConnections: Int { get }
    /// The sockets on which it accepts.
    var listeningHandles: [Int32] { get }
    /// What clients may do by their address; nil: anything.
    var guards: GuardLane? { get set }
    /// Whether every connection begins with a handshake that the gateway takes part in.
    var shakesHands: Bool { get }
    /// Accepts no more, and ends what is open as gently as its protocol allows.
    func drain(grace: Nanoseconds)
    /// Closes the connections of those who have been banned meanwhile.
    func closeBanned()
    /// Closes every connection, whatever it is doing.
    func closeAll()
}

extension HTTPServer: ListeningServer {
    package var shakesHands: Bool { tls != nil }
}

extension ListeningServer {
    /// Whether the peer's word on who the client is counts.
    func trusts(_ address: IPAddress) -> Bool {
        for network in info.trustedProxies where network.contains(address) { return true }
        return false
    }

    /// Whether who has connected comes in, before there is a connection.
    ///
    /// A trusted proxy speaks for many: its connections are not counted. Whom it names in a PROXY protocol header is, when that is there.
    func entry(of peer: SocketAddress) -> ConnectionEntry {
        guard let guards, let address = peer.ip, !namesClients(address) else { return .uncounted }
        return guards.enter(address, isHandshake: shakesHands)
    }

    private func namesClients(_ address: IPAddress) -> Bool {
        trusts(address) || settings.proxyProtocol && info.trustedProxies.isEmpty
    }

    /// Counts a connection for the client that a PROXY protocol header has named. False: it does not come in.
    func count(_ connection: Connection, for client: IPAddress) -> Bool {
        guard let guards, connection.ticket == nil, !trusts(client) else { return true }
        switch guards.enter(client, isHandshake: shakesHands) {
        case .refused: return false
        case .uncounted: return true
        case .counted(let ticket):
            connection.ticket = ticket
            return true
        }
    }
}
