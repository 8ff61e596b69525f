package import GatewayCore
package import Primitives
package import Reactor
package import TLS

/// One listener on one event loop: its settings, its handler and its connections.
package final class HTTPServer {
    package let loop: EventLoop
    package var info: ListenerInfo
    package var settings: ServerSettings
    package let handler: Handler
    /// Nil: connections are plain.
    package var tls: TLSServerContext?
    /// Connections whose handshakes are not done.
    var handshakes = HandshakeSet()
    package let pool: ExchangePool
    package var counters = ServerCounters()
    /// Connection-level failures that never became an exchange: (reason, peer).
    package var connectionFailed: ((Reason, IPAddress) -> Void)?
    /// Set while draining: how long a connection that has just been used is kept for a request that is on its way.
    package private(set) var drainGrace: Nanoseconds?
    package var isDraining: Bool { drainGrace != nil }

    private var acceptor: Acceptor?
    private var connections: ContiguousArray<ServerConnection?> = []
    private var free: ContiguousArray<Int> = []

    package init(
        loop: EventLoop, info: ListenerInfo, settings: ServerSettings, pool: ExchangePool, handler: @escaping Handler
    ) {
        self.loop = loop
        self.info = info
        self.settings = settings
        self.pool = pool
        self.handler = handler
    }

    /// Begins to accept on a listening socket, which the server then owns.
    package func listen(on handle: Int32, address: SocketAddress) throws(SystemError) {
        let acceptor = Acceptor(handle: handle, address: address, loop: loop) { [unowned self] in accept($0) }
        try loop.backend.add(acceptor)
        self.acceptor = acceptor
    }

    package var openConnections: Int { counters.open + handshakes.count }

    /// Takes over a connection.
    package func accept(_ connection: Connection) {
        counters.accepted += 1
        guard openConnections < settings.connections else {
            counters.refused += 1
            connectionFailed?(.tooManyConnections, connection.peer.ip ?? .loopback)
            if tls == nil { connection.send(ByteView(HTTPServer.refusal)) }
            return connection.closeGracefully()
        }
        guard let tls else { return serve(connection) }
        shakeHands(connection, tls)
    }

    /// Takes over a connection that carries HTTP.
    func serve(_ connection: Connection) {
        counters.open += 1
        let slot = free.popLast() ?? connections.count
        if slot == connections.count { connections.append(nil) }
        let server = ServerConnection(connection, server: self, slot: slot)
        connections[slot] = server
        connection.handler = server
        server.begin()
        if let drainGrace { server.drain(grace: drainGrace) }
    }

    func removed(_ connection: ServerConnection) {
        guard connections[connection.slot] === connection else { return }
        connections[connection.slot] = nil
        free.append(connection.slot)
        counters.open -= 1
    }

    /// Made without an exchange: a flood of connections must cost nothing.
    private static let refusal: StaticString = """
        HTTP/1.1 503 Service Unavailable\r\n\
        content-type: application/problem+json\r\n\
        proxy-status: sluice; error=connection_limit_reached; details="too_many_connections"\r\n\
        content-length: 184\r\nretry-after: 1\r\nconnection: close\r\n\r\n\
        {"type":"urn:sluice:error:too_many_connections","title":"Too many connections","status":503,\
        "detail":"This listener's limits.connections is reached.","reason":"too_many_connections"}\r\n
        """

    /// Accepts no more; answers what comes on open connections with `Connection: close`; closes idle ones when they
    /// have been idle for `grace`, because a request may be on its way on any that has just been used.
    package func drain(grace: Nanoseconds) {
        guard !isDraining else { return }
        drainGrace = grace
        acceptor?.close()
        acceptor = nil
        for connection in connections { connection?.drain(grace: grace) }
    }

    /// Closes every connection, whatever it is doing.
    package func closeAll() {
        for connection in connections { connection?.shutDown(.draining) }
        handshakes.closeAll()
    }
}
