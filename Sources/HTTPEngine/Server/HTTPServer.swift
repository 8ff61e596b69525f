package import GatewayCore
package import Primitives
package import Reactor

/// One listener on one event loop: its settings, its handler and its connections.
package final class HTTPServer {
    package let loop: EventLoop
    package var info: ListenerInfo
    package var settings: ServerSettings
    package let handler: Handler
    package let pool: ExchangePool
    package var counters = ServerCounters()
    /// Connection-level failures that never became an exchange: (reason, peer).
    package var connectionFailed: ((Reason, IPAddress) -> Void)?
    /// Set while draining: how long a connection that has just been used is kept for a request that is on its way.
    package private(set) var drainGrace: Nanoseconds?
    package var isDraining: Bool { drainGrace != nil }

    private var acceptor: Acceptor?
    private var connections: ContiguousArray<(any ServedConnection)?> = []
    private var free: ContiguousArray<Int> = []
    /// Where heads of HTTP/2 are composed.
    let fieldBlock = FieldBlock()

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

    package var openConnections: Int { counters.open }

    /// Takes over a connection.
    package func accept(_ connection: Connection) { serve(connection, as: settings.served) }

    /// Takes over a connection whose client speaks, or may speak, this version of HTTP.
    package func serve(_ connection: Connection, as choice: ServedProtocol) {
        counters.accepted += 1
        guard counters.open < settings.connections else {
            counters.refused += 1
            connectionFailed?(.tooManyConnections, connection.peer.ip ?? .loopback)
            connection.send(ByteView(HTTPServer.refusal))
            return connection.closeGracefully()
        }
        counters.open += 1
        let slot = free.popLast() ?? connections.count
        if slot == connections.count { connections.append(nil) }
        // What speaks HTTP/1 also takes PROXY protocol headers.
        let server = ServerConnection(connection, server: self, slot: slot, choice)
        guard choice == .http2, !settings.proxyProtocol else {
            connections[slot] = server
            connection.handler = server
            return server.begin()
        }
        handOver(server)
    }

    /// The connection goes on in HTTP/2. What has come of it is the new handler's to read.
    @discardableResult func handOver(_ old: ServerConnection) -> any ConnectionHandler {
        let server = HTTP2ServerConnection(
            old.connection, server: self, slot: old.slot, peer: old.peer, peerPort: old.peerPort, isTrusted: old.isTrusted)
        connections[old.slot] = server
        old.connection.handler = server
        server.begin()
        return server
    }

    func removed(_ connection: any ServedConnection) {
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
    }
}

/// What a server knows of its connections, whatever they speak.
protocol ServedConnection: AnyObject {
    /// Where the server keeps it.
    var slot: Int { get }
    /// Ends when nothing is in flight, and it has been idle for `grace`.
    func drain(grace: Nanoseconds)
    /// Ends now.
    func shutDown(_ reason: Reason)
}
