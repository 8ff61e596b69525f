package import GatewayCore
import Primitives
package import Reactor
package import SharedState

/// One listener on one event loop that carries connections as they are: plain TCP, or TLS that only its endpoint can read.
package final class TCPServer: ListeningServer {
    package let loop: EventLoop
    package var info: ListenerInfo
    package var settings: ServerSettings
    /// For connections from now on: open tunnels keep their endpoint.
    package var routes: TCPRoutes
    /// What clients may do by their address; nil: anything.
    package var guards: GuardLane?
    package internal(set) var counters = ServerCounters()
    /// Told of connections that came to no tunnel.
    package var connectionFailed: ((ConnectionFailure) -> Void)?
    /// Told of tunnels that are over.
    package var tunnelEnded: ((TunnelSummary) -> Void)?

    private var acceptors: [Acceptor] = []
    private var tunnels: ContiguousArray<TCPTunnel?> = []
    private var free: ContiguousArray<Int> = []

    package init(loop: EventLoop, info: ListenerInfo, settings: ServerSettings, routes: TCPRoutes) {
        self.loop = loop
        self.info = info
        self.settings = settings
        self.routes = routes
    }

    /// Begins to accept on a listening socket, which the server then owns. On several, when it is called again.
    package func listen(on handle: Int32, address: SocketAddress) throws(SystemError) {
        let acceptor = Acceptor(handle: handle, address: address, loop: loop) { [unowned self] in accept($0) }
        acceptor.gate = { [unowned self] in entry(of: $0) }
        try loop.backend.add(acceptor)
        acceptors.append(acceptor)
    }

    /// The sockets on which it accepts.
    package var listeningHandles: [Int32] { acceptors.map(\.handle) }

    package var openConnections: Int { counters.open }
    /// Only the endpoint takes part in them.
    package var shakesHands: Bool { false }

    /// Takes over a connection.
    package func accept(_ connection: Connection) {
        counters.accepted += 1
        guard counters.open < settings.connections else {
            counters.refused += 1
            failed(.tooManyConnections, connection.peer.ip ?? .loopback)
            return connection.close(reset: true)
        }
        counters.open += 1
        let slot = free.popLast() ?? tunnels.count
        if slot == tunnels.count { tunnels.append(nil) }
        let tunnel = TCPTunnel(connection, server: self, slot: slot)
        tunnels[slot] = tunnel
        connection.handler = tunnel
        tunnel.begin()
    }

    func removed(_ tunnel: TCPTunnel) {
        guard tunnels[tunnel.slot] === tunnel else { return }
        tunnels[tunnel.slot] = nil
        free.append(tunnel.slot)
        counters.open -= 1
    }

    /// Accepts no more. Open tunnels go on: nobody but their two ends knows when they are done. A client that has not said
    /// yet where it wants to go has `grace` to do so.
    package func drain(grace: Nanoseconds) {
        for acceptor in acceptors { acceptor.close() }
        acceptors = []
        for tunnel in tunnels { tunnel?.drain(grace: grace) }
    }

    package func closeBanned() {
        guard let guards else { return }
        for tunnel in tunnels {
            guard let tunnel, let address = tunnel.source.ip, !trusts(address), guards.isBanned(address) else { continue }
            tunnel.cut(.clientBanned)
        }
    }

    package func closeAll() {
        for tunnel in tunnels { tunnel?.cut(.draining) }
    }
}
