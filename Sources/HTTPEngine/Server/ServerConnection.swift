import GatewayCore
import Primitives
import Reactor

/// One HTTP/1 connection from a client.
///
/// Reading and answering are two small machines over one socket: `phase` says where the request is, `writing` where the
/// response is. Requests are answered one by one, in order; bytes behind the current request wait in `kept`.
package final class ServerConnection {
    let connection: Connection
    let server: HTTPServer
    let slot: Int

    var phase = Phase.head
    var writing = Writing.nothing
    var exchange: Exchange?
    /// Bytes that were read and not used yet. Nil for a connection at rest.
    var kept: ByteBuffer?
    /// How many bytes of an incomplete head were seen when it was last parsed.
    var parsedBytes = 0
    var decoder = ChunkedDecoder()
    /// Bytes of the request's body that are still to come, when its length is known.
    var bodyLeft = 0
    var bodyIsWanted = false
    /// The connection outlives the current response.
    var keepAlive = true
    var isProcessing = false
    var isClosed = false
    var requests = 0
    /// When the head that is being received has to be complete.
    var headDeadline = Instant.never
    /// What the last look at a slow client saw.
    var lateBytesSeen = 0
    var peer: IPAddress
    var peerPort: UInt16
    var isTrusted: Bool
    /// What the first bytes may be; `.http1` once they are known.
    var choice: ServedProtocol

    enum Phase: UInt8 {
        /// A PROXY protocol header is expected.
        case proxy
        /// A request head, or the first byte of one.
        case head
        case body
        /// The rest of a body that nobody wants is swallowed, so that the connection can stay.
        case discard
        /// The request is complete, its response is not.
        case answered
        /// The connection has switched to another protocol, and its bytes are passed on as they are.
        case tunnel
        /// Nothing more is read.
        case over
    }

    enum Writing: Equatable {
        case nothing
        case length(Int)
        case chunked
        case untilClose
        /// The response has no body.
        case none
        /// Bytes of another protocol.
        case tunnel
    }

    /// More kept bytes than this, and the socket is not read until they are used.
    static let mostKept = 64 << 10

    /// - Parameter client: nil when a PROXY protocol header is to tell.
    init(_ connection: Connection, server: HTTPServer, slot: Int, _ choice: ServedProtocol, for client: ClientInfo?) {
        self.connection = connection
        self.server = server
        self.slot = slot
        self.choice = choice
        let known = client ?? server.client(of: connection)
        peer = known.peer
        peerPort = known.port
        isTrusted = known.isTrusted
        if client == nil { phase = .proxy }
    }

    var loop: EventLoop { connection.loop }

    func begin() {
        headDeadline = loop.now + server.settings.headerTimeout
        connection.deadline = headDeadline
    }

    // MARK: Input

    /// Uses as much of the input as the state allows and keeps the rest.
    func take(_ bytes: ByteView) {
        if let kept {
            kept.append(bytes)
            processKept()
        } else {
            let used = process(bytes)
            if used < bytes.count, !isClosed { keep(bytes.dropFirst(used)) }
        }
        updateReading()
    }

    private func keep(_ bytes: ByteView) {
        let buffer = loop.takeBuffer()
        buffer.append(bytes)
        kept = buffer
    }

    /// Goes on with bytes that had to wait.
    func processKept() {
        guard let kept, !isProcessing else { return }
        let used = process(kept.view)
        kept.consume(used)
        guard kept.isEmpty || isClosed else { return }
        self.kept = nil
        kept.clear()
        loop.giveBack(kept)
        if phase == .tunnel, connection.inputHasEnded { tunnelInputEnded() }
    }

    func updateReading() {
        guard !isClosed else { return }
        let isHeldUp = (phase == .body || phase == .tunnel) && !bodyIsWanted && kept != nil
        let waits = (kept?.count ?? 0) > ServerConnection.mostKept || isHeldUp
        connection.isReading = !waits
    }

    /// Works through the input; answers how many bytes were used.
    private func process(_ bytes: ByteView) -> Int {
        isProcessing = true
        defer { isProcessing = false }
        var at = 0
        loop: while at < bytes.count, !isClosed {
            switch phase {
            case .proxy:
                guard let used = proxyHeader(bytes.dropFirst(at)) else { break loop }
                at += used
            case .head:
                // An answer that the client does not take holds the next request back.
                if connection.isBackedUp { break loop }
                if choice != .http1, !preface(bytes.dropFirst(at)) { break loop }
                guard let used = head(bytes.dropFirst(at)) else { break loop }
                at += used
            case .body:
                guard bodyIsWanted else { break loop }
                at += body(bytes.dropFirst(at))
            case .discard: at += discard(bytes.count - at)
            case .answered: break loop
            case .tunnel:
                guard bodyIsWanted else { break loop }
                at += tunnel(bytes.dropFirst(at))
            case .over: at = bytes.count
            }
        }
        exchange?.upstream?.requestFlush()
        return at
    }

    /// Nil: the head is not complete.
    private func head(_ bytes: ByteView) -> Int? {
        // An incomplete head is parsed again when a line has ended, or has grown enough to make it worth it, so that a
        // client that sends byte by byte costs no more than linear work.
        if parsedBytes > 512, bytes.count < parsedBytes * 2, bytes.count <= server.settings.head.bytes {
            guard bytes.dropFirst(parsedBytes - 1).contains(.lineFeed) else { return nil }
        }
        if parsedBytes == 0, requests > 0 {
            headDeadline = loop.now + server.settings.headerTimeout
            connection.deadline = headDeadline
        }
        let exchange = server.pool.take()
        switch RequestHeadParser.parse(bytes, limits: server.settings.head, into: exchange.request) {
        case .incomplete:
            parsedBytes = bytes.count
            server.pool.giveBack(exchange)
            return nil
        case .failed(let error):
            refuse(exchange, error)
            return bytes.count
        case .complete(let length):
            start(exchange)
            return length
        }
    }

    private func start(_ exchange: Exchange) {
        parsedBytes = 0
        requests += 1
        let request = exchange.request
        switch request.framing {
        case .none, .length(0): phase = .answered
        case .length(let count):
            phase = .body
            bodyLeft = count
        default:
            phase = .body
            decoder = ChunkedDecoder()
        }
        bodyIsWanted = false
        keepAlive = request.keepAlive && !server.isDraining
        if server.settings.requestsPerConnection > 0, requests >= server.settings.requestsPerConnection { keepAlive = false }
        connection.deadline = .never
        attach(exchange)
        server.handler(exchange)
    }

    /// Who asks.
    var client: ClientInfo {
        var client = ClientInfo()
        client.peer = peer
        client.address = peer
        client.port = peerPort
        client.isTrusted = isTrusted
        return client
    }

    private func attach(_ exchange: Exchange) {
        server.counters.requests += 1
        exchange.listener = server.info
        exchange.client = client
        exchange.started = loop.now
        exchange.downstream = self
        self.exchange = exchange
        writing = .nothing
    }

    /// A request that can't be understood: answered with its error, then the connection is closed, because nobody knows
    /// where the next request would begin.
    func refuse(_ exchange: Exchange, _ error: GatewayError) {
        server.counters.protocolErrors += 1
        phase = .over
        keepAlive = false
        exchange.error = error
        attach(exchange)
        server.handler(exchange)
    }

    // MARK: The request's body

    /// Feeds what of `bytes` belongs to the body; answers how many bytes were used.
    private func body(_ bytes: ByteView) -> Int {
        guard let exchange else { return bytes.count }
        connection.deadline = loop.now + server.settings.progressTimeout
        if case .length = exchange.request.framing {
            let piece = bytes.prefix(bodyLeft)
            bodyLeft -= piece.count
            feed(exchange, piece)
            if bodyLeft == 0, self.exchange === exchange { endBody(exchange, trailers: nil) }
            return piece.count
        }
        var at = 0
        switch decoder.next(bytes, at: &at) {
        case .data(let range): feed(exchange, bytes[range])
        case .more: break
        case .end: endBody(exchange, trailers: decoder.takeTrailers())
        case .failed(let detail):
            bodyFailed(GatewayError(.badChunk, detail))
            return bytes.count
        }
        return at
    }

    private func feed(_ exchange: Exchange, _ piece: ByteView) {
        exchange.requestBytes += piece.count
        exchange.requestBodyTouched = true
        if exchange.upstream?.requestBody(piece) == false {
            bodyIsWanted = false
            // It is not the client now who is slow; the upstream's own time-out runs.
            connection.deadline = .never
        }
    }

    private func endBody(_ exchange: Exchange, trailers: HeaderFields?) {
        phase = .answered
        connection.deadline = .never
        exchange.upstream?.requestEnd(trailers: trailers)
    }

    /// The body breaks the protocol, or never comes: what was forwarded must not look complete.
    func bodyFailed(_ error: GatewayError) {
        guard let exchange else { return shutDown(error.reason) }
        phase = .over
        keepAlive = false
        exchange.upstream?.cancel(error)
        exchange.upstream = nil
        if exchange.responseStarted { return abort(error) }
        exchange.error = error
        server.handler(exchange)
    }

    // MARK: Ending

    /// The response is complete and handed over: the exchange is done, the connection may serve the next.
    func finish() {
        guard let exchange else { return }
        if phase == .body {
            // The rest of the body is of no use to anybody.
            exchange.upstream?.cancel(GatewayError(.clientClosed))
        }
        release(exchange)
        guard keepAlive else { return end() }
        phase = phase == .body ? .discard : .head
        writing = .nothing
        if connection.isBackedUp {
            lateBytesSeen = connection.lateBytes
            connection.deadline = loop.now + server.settings.progressTimeout
        } else {
            connection.deadline = loop.now + (server.drainGrace ?? server.settings.idleTimeout)
        }
        if !isProcessing, kept != nil {
            processKept()
            updateReading()
        }
    }

    /// Whether the rest of the request's body is worth waiting for, rather than closing the connection: it is short, its
    /// length is known, and the client is sending it.
    var canDiscardBody: Bool {
        guard let exchange, case .length = exchange.request.framing, !exchange.request.expectsContinue else { return false }
        return bodyLeft <= ServerConnection.mostKept
    }

    private func discard(_ available: Int) -> Int {
        let used = min(bodyLeft, available)
        bodyLeft -= used
        if bodyLeft == 0 { phase = .head }
        return used
    }

    private func release(_ exchange: Exchange) {
        self.exchange = nil
        exchange.isFinished = true
        exchange.observer?.finished(exchange)
        server.pool.giveBack(exchange)
    }

    /// Closes so that the client surely gets what was sent.
    private func end() {
        guard !isClosed else { return }
        markClosed()
        connection.closeGracefully()
    }

    /// Lets go of the exchange in flight, if there is one, and of the connection.
    func shutDown(_ reason: Reason, reset: Bool) {
        guard !isClosed else { return }
        markClosed()
        connection.close(reset: reset)
        letGo(GatewayError(reason))
    }

    func letGo(_ error: GatewayError) {
        guard let exchange else { return }
        if exchange.error == nil { exchange.error = error }
        exchange.upstream?.cancel(error)
        exchange.upstream = nil
        release(exchange)
    }

    func markClosed() {
        isClosed = true
        phase = .over
        if let kept, !isProcessing {
            self.kept = nil
            kept.clear()
            loop.giveBack(kept)
        }
        server.removed(self)
    }

}

extension ServerConnection: ServedConnection {
    var clientAddress: IPAddress { peer }
    var isCounted: Bool { !isTrusted }

    var idleness: Idleness? {
        guard exchange == nil, phase == .head, kept == nil, !connection.isBackedUp, connection.deadline != .never else { return nil }
        let length = requests == 0 ? server.settings.headerTimeout : server.drainGrace ?? server.settings.idleTimeout
        return Idleness(hasServed: requests > 0, since: Instant(nanoseconds: connection.deadline - Instant(nanoseconds: length)))
    }

    func endIdle() { shutDown(.idleTimeout, reset: false) }

    func drain(grace: Nanoseconds) {
        guard exchange == nil, phase == .head, kept == nil else { return }
        connection.deadline = min(connection.deadline, loop.now + grace)
    }
}
