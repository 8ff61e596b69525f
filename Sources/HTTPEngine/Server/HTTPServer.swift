package import GatewayCore
import Primitives
package import Reactor
package import SharedState
package import TLS

/// One listener on one event loop: its settings, its handler and its connections.
package final class HTTPServer {
    package let loop: EventLoop
    package var info: ListenerInfo
    package var settings: ServerSettings { didSet { noteTransportSecurity() } }
    package let handler: Handler
    /// Nil: connections are plain.
    package var tls: TLSServerContext?
    /// What clients may do by their address; nil: anything.
    package var guards: GuardLane?
    /// Connections whose handshakes are not done.
    var handshakes = HandshakeSet()
    package let pool: ExchangePool
    package var counters = ServerCounters()
    /// Told of connections that came to no exchange.
    package var connectionFailed: ((ConnectionFailure) -> Void)?
    /// Set while draining: how long a connection that has just been used is kept for a request that is on its way.
    package private(set) var drainGrace: Nanoseconds?
    package var isDraining: Bool { drainGrace != nil }

    private var acceptors: [Acceptor] = []
    private(set) var connections: ContiguousArray<(any ServedConnection)?> = []
    var idle = IdleConnections()
    private var free: ContiguousArray<Int> = []
    /// What browsers are told to remember; nil for nothing.
    private(set) var transportSecurity: ByteBuffer?
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
        noteTransportSecurity()
    }

    private func noteTransportSecurity() {
        transportSecurity = settings.transportSecurity.map { text in
            let buffer = ByteBuffer(capacity: text.utf8.count)
            buffer.append(text: text)
            return buffer
        }
    }

    /// What a response has to say of it: nothing when it does so itself.
    func transportSecurity(for response: ResponseHead) -> ByteView? {
        guard let transportSecurity else { return nil }
        var saysSo = false
        response.fields.forEach(named: ByteView("strict-transport-security")) { _ in
            saysSo = true
            return false
        }
        return saysSo ? nil : transportSecurity.view
    }

    /// Begins to accept on a listening socket, which the server then owns. On several, when it is called again.
    package func listen(on handle: Int32, address: SocketAddress) throws(SystemError) {
        let acceptor = Acceptor(handle: handle, address: address, loop: loop, clientSpeaksFirst: tls != nil) { [unowned self] in accept($0) }
        acceptor.gate = { [unowned self] in entry(of: $0) }
        try loop.backend.add(acceptor)
        acceptors.append(acceptor)
    }

    /// The sockets on which it accepts.
    package var listeningHandles: [Int32] { acceptors.map(\.handle) }

    package var openConnections: Int { counters.open + handshakes.count }

    /// Takes over a connection.
    package func accept(_ connection: Connection) {
        counters.accepted += 1
        guard openConnections < settings.connections || makeRoom() else {
            counters.refused += 1
            failed(.tooManyConnections, connection.peer.ip ?? .loopback)
            if tls == nil { connection.send(ByteView(HTTPServer.refusal)) }
            return connection.closeGracefully()
        }
        if let tls { shakeHands(connection, tls) } else { serve(connection, as: settings.served) }
    }

    /// Takes over a connection whose client speaks, or may speak, this version of HTTP.
    ///
    /// - Parameter client: who that is, when a PROXY protocol header has been read.
    package func serve(_ connection: Connection, as choice: ServedProtocol, for client: ClientInfo? = nil) {
        counters.open += 1
        let slot = free.popLast() ?? connections.count
        if slot == connections.count { connections.append(nil) }
        let known = client ?? (settings.proxyProtocol ? nil : self.client(of: connection))
        // What takes PROXY protocol headers speaks HTTP/1, too.
        if choice == .http2, let known {
            serveHTTP2(connection, slot: slot, client: known)
        } else {
            let server = ServerConnection(connection, server: self, slot: slot, choice, for: known)
            connections[slot] = server
            connection.handler = server
            server.begin()
        }
        // A handshake may be done when draining has begun.
        if let drainGrace { connections[slot]?.drain(grace: drainGrace) }
    }

    /// From now on the connection speaks HTTP/2, from the client's preface on.
    func serveHTTP2(_ connection: Connection, slot: Int, client: ClientInfo) {
        let server = HTTP2ServerConnection(connection, server: self, slot: slot, client: client)
        connections[slot] = server
        connection.handler = server
        server.begin()
    }

    func client(of connection: Connection) -> ClientInfo {
        var client = ClientInfo()
        client.peer = connection.peer.ip ?? .loopback
        client.address = client.peer
        client.port = connection.peer.port ?? 0
        client.isTrusted = trusts(client.peer)
        return client
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
        for acceptor in acceptors { acceptor.close() }
        acceptors = []
        for connection in connections { connection?.drain(grace: grace) }
        handshakes.hurry(until: loop.now + grace)
    }

    /// Closes every connection, whatever it is doing.
    package func closeAll() {
        for connection in connections { connection?.shutDown(.draining) }
        handshakes.closeAll()
    }
}

/// What a server knows of its connections, whatever they speak.
protocol ServedConnection: AnyObject {
    /// Where the server keeps it.
    var slot: Int { get }
    /// Who the client is, and whether guards count it: a trusted proxy they don't.
    var clientAddress: IPAddress { get }
    var isCounted: Bool { get }
    /// Nil while something is asked, or being sent.
    var idleness: Idleness? { get }
    /// Ends when nothing is in flight, and it has been idle for `grace`.
    func drain(grace: Nanoseconds)
    /// Ends an idle connection so that its client knows that it has lost nothing.
    func endIdle()
    /// Ends now.
    func shutDown(_ reason: Reason, reset: Bool)
}

extension ServedConnection {
    func shutDown(_ reason: Reason) { shutDown(reason, reset: false) }
}
