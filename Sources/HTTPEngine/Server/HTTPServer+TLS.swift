package import GatewayCore
import Primitives
import Reactor
import SharedState
import TLS

extension HTTPServer {
    /// Who speaks HTTP to a port of HTTPS is told so in words that he understands.
    package static let plainHTTPAnswer: StaticString = """
        HTTP/1.1 400 Bad Request\r\n\
        content-type: application/problem+json\r\n\
        proxy-status: sluice; error=http_request_error; details="plain_http"\r\n\
        content-length: 155\r\nconnection: close\r\n\r\n\
        {"type":"urn:sluice:error:plain_http","title":"Plain HTTP on an HTTPS port","status":400,\
        "detail":"Use https:// for this address.","reason":"plain_http"}\r\n
        """

    /// Begins the handshake of a connection that was accepted; HTTP begins when it is done.
    func shakeHands(_ connection: Connection, _ context: TLSServerContext) {
        guard handshakes.count < settings.handshakes, let stream = context.stream() else {
            counters.refused += 1
            return connection.close(reset: true)
        }
        let handshake = ServerHandshake(connection, stream, self)
        if let source = context.source { handshake.waits(for: source) }
        if !settings.proxyProtocol { connection.layer = stream }
        handshakes.insert(handshake)
        connection.handler = handshake
        connection.deadline = loop.now + settings.handshakeTimeout
    }

    func handshakeDone(_ handshake: ServerHandshake) {
        handshakes.remove(handshake)
        counters.handshakes += 1
        // An authority has seen what it wanted to see.
        if handshake.stream.isValidation { return handshake.connection.closeGracefully() }
        serve(handshake.connection, as: handshake.stream.applicationProtocol == .http2 ? .http2 : .http1, for: handshake.client)
    }

    func handshakeFailed(_ handshake: ServerHandshake, _ reason: Reason, _ detail: String? = nil) {
        handshakes.remove(handshake)
        if reason == .handshakeTimeout { counters.handshakeTimeouts += 1 } else { counters.handshakeFailures += 1 }
        failed(reason, handshake.client.peer, detail)
    }
}

extension Reason {
    /// Connections that never came to an exchange.
    package static let handshakeFailed = Reason("handshake_failed", 400, "TLS handshake failed", "tls_protocol_error")
    package static let handshakeTimeout = Reason("handshake_timeout", 408, "TLS handshake took too long", "connection_timeout")
}

/// A connection until its handshake is done.
final class ServerHandshake: ConnectionHandler {
    let connection: Connection
    let stream: TLSStream
    private unowned let server: HTTPServer
    /// Who the client is: the peer, until a PROXY protocol header tells otherwise.
    private(set) var client: ClientInfo
    /// The beginning of such a header.
    private var kept: ByteBuffer?
    /// Where the set of the server keeps it.
    fileprivate var slot = -1

    init(_ connection: Connection, _ stream: TLSStream, _ server: HTTPServer) {
        self.connection = connection
        self.stream = stream
        self.server = server
        client = server.client(of: connection)
    }

    /// Lets the handshake wait for certificates that the source has to get first.
    func waits(for source: any CertificateSource) {
        let waiting = HandshakeWait(self), loop = connection.loop
        stream.awaitsCertificate = { name, purpose in
            source.prepare(name, for: purpose) { loop.post { waiting.goOn() } }
        }
    }

    fileprivate func goOn() {
        stream.resume()
        connection.resumeHandshake()
    }

    func connected() {
        stream.awaitsCertificate = nil
        server.handshakeDone(self)
    }

    /// Behind `connected` bytes are another handler's: these come before TLS.
    func received(_ bytes: ByteView) {
        let kept = kept ?? connection.loop.takeBuffer()
        self.kept = kept
        kept.append(bytes)
        guard client.isTrusted || server.info.trustedProxies.isEmpty else { return refuse() }
        switch ProxyProtocol.parse(kept.view) {
        case .incomplete: break
        case .failed: refuse()
        case .complete(let length, let source, let port):
            if let source {
                client.peer = source
                client.address = source
                client.port = port
                client.isTrusted = server.trusts(source)
                guard server.count(connection, for: source) else { return refuseUncounted() }
            }
            kept.consume(length)
            self.kept = nil
            connection.layer = stream
            if !kept.isEmpty { connection.deliver(kept.view) }
            giveBack(kept)
        }
    }

    func drained() {}

    func inputEnded() {
        connection.close()
        fail(.handshakeFailed, "the client has left")
    }

    func lost(_ error: SystemError) { fail(.handshakeFailed, stream.failure ?? "\(error)") }

    /// By its guards, which have counted that.
    private func refuseUncounted() {
        connection.close(reset: true)
        if let kept { giveBack(kept) }
        kept = nil
        server.handshakes.remove(self)
    }

    private func refuse() {
        server.counters.protocolErrors += 1
        connection.close()
        fail(.badProxyProtocol)
    }

    private func fail(_ reason: Reason, _ detail: String? = nil) {
        if let kept { giveBack(kept) }
        kept = nil
        server.handshakeFailed(self, reason, detail)
    }

    private func giveBack(_ buffer: ByteBuffer) {
        buffer.clear()
        connection.loop.giveBack(buffer)
    }

    func deadlineReached() {
        connection.close(reset: true)
        fail(.handshakeTimeout)
    }
}

/// What a source tells that a handshake can go on, if it is still there. Confined to the loop of the connection.
private final class HandshakeWait: @unchecked Sendable {
    private weak var handshake: ServerHandshake?
    init(_ handshake: ServerHandshake) { self.handshake = handshake }
    func goOn() { handshake?.goOn() }
}

/// Handshakes in flight.
struct HandshakeSet {
    private var all: ContiguousArray<ServerHandshake> = []

    var count: Int { all.count }

    mutating func insert(_ handshake: ServerHandshake) {
        handshake.slot = all.count
        all.append(handshake)
    }

    mutating func remove(_ handshake: ServerHandshake) {
        guard all.indices.contains(handshake.slot), all[handshake.slot] === handshake, let last = all.popLast() else { return }
        guard last !== handshake else { return }
        last.slot = handshake.slot
        all[last.slot] = last
    }

    /// No handshake goes on for longer than until `deadline`.
    func hurry(until deadline: Instant) {
        for handshake in all { handshake.connection.deadline = min(handshake.connection.deadline, deadline) }
    }

    /// Ends the handshakes of those who are banned.
    mutating func closeBanned(_ guards: GuardLane) {
        for handshake in all where !handshake.client.isTrusted && guards.isBanned(handshake.client.address) {
            handshake.connection.close(reset: true)
            remove(handshake)
        }
    }

    mutating func closeAll() {
        for handshake in all { handshake.connection.close(reset: true) }
        all.removeAll()
    }
}
