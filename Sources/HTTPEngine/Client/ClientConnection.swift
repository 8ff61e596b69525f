package import GatewayCore
package import Primitives
package import Reactor
package import TLS

/// Whose connection an upstream connection is.
package protocol ClientConnectionOwner: AnyObject {
    /// The connection carries its exchange no longer, because that is complete, has failed, or was cancelled.
    func released(_ connection: ClientConnection, _ exchange: Exchange, failed: Bool)
    /// The exchange is complete and the connection may carry another.
    func becameIdle(_ connection: ClientConnection)
    /// What the last exchange left to do is done: others may use the connection.
    func mayServeNext()
    /// The connection is gone. Its exchange, if it had one, has been told.
    func closed(_ connection: ClientConnection)
}

/// One HTTP/1 connection to an upstream, carrying one exchange at a time.
package final class ClientConnection {
    package private(set) var connection: Connection?
    package let loop: EventLoop
    package private(set) var owner: (any ClientConnectionOwner)?
    /// Which endpoint of the owner it leads to.
    package let endpoint: Int
    package var limits = HeadLimits()
    package var timeouts: ClientTimeouts

    /// Nil for plain text.
    private(set) var security: Security?
    var exchange: Exchange?
    var reading = Reading.idle
    var sending = Sending.idle
    var decoder = ChunkedDecoder()
    /// Bytes of a head that is incomplete. Nil at rest.
    var kept: ByteBuffer?
    var interimResponses = 0
    var responseKeepAlive = true
    var hasServed = false
    var receivedSomething = false
    /// No exchange may last longer.
    var totalDeadline = Instant.never
    var isClosed = false

    enum Reading: Equatable {
        case connecting, idle, head
        case length(Int)
        case chunked
        case untilClose
        /// Bytes of another protocol.
        case tunnel
        /// The upstream has ended its direction of a tunnel; the other one goes on.
        case ended
    }

    enum Sending: Equatable {
        case idle
        case length(Int)
        case chunked
        case tunnel
    }

    static let mostInterimResponses = 32

    package init(loop: EventLoop, owner: any ClientConnectionOwner, endpoint: Int, timeouts: ClientTimeouts) {
        self.loop = loop
        self.owner = owner
        self.endpoint = endpoint
        self.timeouts = timeouts
    }

    /// Sets out to connect, with TLS if it is given. The exchange, if given, begins as soon as the connection is there.
    package func connect(
        to address: SocketAddress, for exchange: Exchange?, tls: TLSEndpoint? = nil, sessions: TLSSessions? = nil
    ) throws(SystemError) {
        security = try Security(tls, sessions: sessions)
        let connection = try loop.backend.connect(to: address, loop: loop, handler: self)
        connection.layer = security?.stream
        connection.keepsUnreadInput = true
        self.connection = connection
        self.exchange = exchange
        reading = .connecting
        if let exchange { totalDeadline = exchange.end(within: timeouts.total) }
        connection.deadline = min(loop.now + timeouts.connect, totalDeadline)
    }

    /// Takes over a connection that is there; its handshake has settled for HTTP/1.1.
    func adopt(_ connection: Connection, _ security: Security) {
        self.security = security
        self.connection = connection
        connection.handler = self
        connection.deadline = loop.now + timeouts.idle
    }

    /// What was settled by ALPN; nil before, and where it settles nothing.
    package var applicationProtocol: ApplicationProtocol? { security?.stream.applicationProtocol }

    package var isIdle: Bool { exchange == nil && reading == .idle && !isClosed }

    // MARK: Beginning

    /// Sends the head of the exchange's request; its body follows as the client sends it.
    package func start(_ exchange: Exchange) {
        self.exchange = exchange
        exchange.attach(self)
        exchange.upstreamStarted = loop.now
        exchange.connectionWasReused = hasServed
        reading = .head
        receivedSomething = false
        interimResponses = 0
        totalDeadline = exchange.end(within: timeouts.total)
        if exchange.tunnel == .asked { return askUpgrade(exchange) }
        HeadWriter.write(exchange.request, to: loop.output)
        switch exchange.request.forwardFraming {
        case .length(let count) where count > 0:
            sending = .length(count)
            wantBody()
        case .chunked:
            sending = .chunked
            wantBody()
        default:
            sending = .idle
            flushOutput()
            setDeadline(timeouts.response)
        }
    }

    private func wantBody() {
        setUploadDeadline()
        guard let downstream = exchange?.downstream else { return }
        // What of the body is there already is gathered behind the head; then the downstream half asks for the flush.
        downstream.wantsRequestBody()
    }

    /// While the request's body is on its way, the upstream owes progress only when it holds bytes back; otherwise it is
    /// the client that everybody waits for, and its own time-out runs.
    func setUploadDeadline() {
        guard let connection, reading == .head else { return }
        connection.deadline = connection.isBackedUp ? min(loop.now + timeouts.idle, totalDeadline) : totalDeadline
    }

    func setDeadline(_ length: Nanoseconds) {
        connection?.deadline = min(loop.now + length, totalDeadline)
    }

    func flushOutput() {
        guard !loop.output.isEmpty else { return }
        connection?.send(loop.output.view)
        loop.output.clear()
    }

    // MARK: Ending

    /// Both messages are complete: the connection is free, or closed if it can't be used again.
    func complete(_ exchange: Exchange, trailers: HeaderFields?, excess: Bool) {
        detach(exchange, failed: false)
        let isReusable = responseKeepAlive && !excess && sending == .idle && !(connection?.inputHasEnded ?? true)
        hasServed = true
        if isReusable {
            reading = .idle
            connection?.deadline = loop.now + timeouts.idle
            connection?.isReading = true
            owner?.becameIdle(self)
        } else {
            close()
        }
        exchange.downstream?.sendEnd(trailers: trailers)
        if isReusable { owner?.mayServeNext() }
    }

    /// The exchange can't go on. Before its response has begun somebody else decides; after that it is cut.
    func fail(_ error: GatewayError) {
        guard let exchange else { return close() }
        exchange.tryFailure = error.reason
        detach(exchange, failed: true)
        close()
        if exchange.responseStarted {
            exchange.downstream?.abort(error)
        } else {
            exchange.observer?.upstreamFailed(exchange, error)
        }
    }

    func detach(_ exchange: Exchange, failed: Bool) {
        self.exchange = nil
        exchange.upstream = nil
        owner?.released(self, exchange, failed: failed)
    }

    package func close() { close(gracefully: false) }

    /// - Parameter gracefully: the upstream gets everything that was sent first.
    func close(gracefully: Bool) {
        guard !isClosed else { return }
        isClosed = true
        if gracefully { connection?.closeGracefully() } else { connection?.close() }
        connection = nil
        if let kept {
            kept.clear()
            loop.giveBack(kept)
            self.kept = nil
        }
        owner?.closed(self)
        owner = nil
    }
}

/// The time-outs that a client connection keeps.
package struct ClientTimeouts: Sendable, Equatable {
    package var connect: Nanoseconds
    package var response: Nanoseconds
    package var idle: Nanoseconds
    package var total: Nanoseconds
    /// Longest silence on an HTTP/2 connection with exchanges before the upstream is asked for a sign of life, and longest
    /// time until one comes; `.max` never asks.
    package var ping: Nanoseconds

    package init(connect: Nanoseconds, response: Nanoseconds, idle: Nanoseconds, total: Nanoseconds, ping: Nanoseconds = .max) {
        self.connect = connect
        self.response = response
        self.idle = idle
        self.total = total
        self.ping = ping
    }
}

extension ClientConnection: Upstream {
    /// The bytes are gathered; `requestFlush` sends them.
    package func requestBody(_ bytes: ByteView) -> Bool {
        guard let connection, !bytes.isEmpty else { return true }
        let out = loop.output
        switch sending {
        case .idle: return true
        case .length(let left): sending = .length(max(0, left - bytes.count))
        case .tunnel: break
        case .chunked:
            out.append(hexadecimal: bytes.count)
            out.append("\r\n")
        }
        if bytes.count <= 16 << 10 {
            out.append(bytes)
        } else {
            connection.send(out.view, bytes)
            out.clear()
        }
        if sending == .chunked { out.append("\r\n") }
        if out.count > 32 << 10 { flushOutput() }
        setUploadDeadline()
        return !connection.isBackedUp
    }

    package func requestEnd(trailers: HeaderFields?) {
        guard sending != .idle else { return }
        if sending == .tunnel { return tunnelOutputEnded() }
        if sending == .chunked {
            loop.output.append("0\r\n")
            trailers?.write(to: loop.output)
            loop.output.append("\r\n")
        }
        sending = .idle
        flushOutput()
        setDeadline(reading == .head ? timeouts.response : timeouts.idle)
    }

    package func requestFlush() {
        guard sending != .idle else { return }
        flushOutput()
        setUploadDeadline()
    }

    package func cancel(_ error: GatewayError) {
        loop.output.clear()
        if let exchange { detach(exchange, failed: false) }
        close()
    }

    package func downstreamWritable() {
        guard let connection, exchange != nil else { return }
        connection.isReading = true
        if reading != .head, reading != .tunnel, reading != .ended { setDeadline(timeouts.idle) }
    }
}
