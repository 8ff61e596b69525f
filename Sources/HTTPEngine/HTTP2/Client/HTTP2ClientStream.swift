package import GatewayCore
package import Primitives
import Reactor

/// One exchange on an HTTP/2 connection to an upstream. The object is reused by later exchanges of the connection.
package final class HTTP2ClientStream {
    let loop: EventLoop
    /// Set while the stream carries an exchange or is still known to nghttp2.
    var session: HTTP2ClientConnection?
    var exchange: Exchange?
    /// 0 before the request has been submitted.
    var id: Int32 = 0
    var phase = Phase.waiting
    var upload = Upload.complete
    /// What of the request's body has not been put into frames. Nil when there is nothing.
    private(set) var unsent: ByteBuffer?
    /// The client's half was told to stop.
    private var isFull = false
    var requestTrailers: HeaderFields?
    var trailers: HeaderFields?
    var interimResponses = 0
    var headBytes = 0
    /// Where the fields of a block go while it is read.
    var collected: HeaderFields?
    private(set) var limits = HeadLimits()
    /// The upstream has reset the stream, rather than the gateway.
    var wasResetByPeer = false
    /// The request was never sent.
    var wasNotSent = false
    /// Bytes of the response that the client's socket has not taken: the upstream may not send as many again.
    var heldWindow = 0
    /// No exchange may last longer.
    var totalDeadline = Instant.never
    private let timer: TimerWheel.ID

    enum Phase: UInt8 {
        /// For the connection, or for what the upstream's SETTINGS say.
        case waiting
        case head, body
        /// The exchange has been let go of.
        case over
    }

    enum Upload: UInt8 {
        case open
        /// All of the body is there; some may be unsent.
        case ended
        case complete
    }

    /// More unsent bytes of a body than this, and the client has to wait.
    static let mostUnsent = 64 << 10

    init(loop: EventLoop) {
        self.loop = loop
        timer = loop.acquireTimer()
        loop.own(timer, by: self)
    }

    deinit { loop.releaseTimer(timer) }

    var deadline: Instant {
        get { loop.deadline(of: timer) }
        set { loop.arm(timer, at: newValue) }
    }

    /// Those who allow a tunnel bound its time.
    func setDeadline(_ length: Nanoseconds) { deadline = exchange?.tunnel == .open ? .never : min(loop.now + length, totalDeadline) }

    // MARK: Beginning

    func wait(_ exchange: Exchange, in session: HTTP2ClientConnection) {
        self.session = session
        self.exchange = exchange
        limits = session.limits
        exchange.upstream = self
        phase = .waiting
        totalDeadline = exchange.end(within: session.timeouts.total)
        deadline = totalDeadline
    }

    /// Submits the request; its body follows as the client sends it.
    func begin() {
        guard let session, let exchange else { return }
        exchange.attach(self)
        exchange.upstreamStarted = loop.now
        exchange.connectionWasReused = session.hasServed
        phase = .head
        let isTunnel = exchange.tunnel == .asked
        if isTunnel, !session.frames.allowsConnect {
            return fail(GatewayError(.upstreamBadResponse, .upstream, "The upstream takes no extended CONNECT (RFC 8441)."))
        }
        upload = isTunnel || exchange.request.forwardFraming.hasBody ? .open : .complete
        guard let id = session.frames.submit(exchange, self, isSecure: session.security != nil, hasBody: upload == .open) else {
            session.isGoingAway = true
            return fail(GatewayError(.upstreamReset, .upstream, retry: .yes, "The connection has no stream left."))
        }
        self.id = id
        session.sendSoon()
        guard upload == .open, !isTunnel else { return setDeadline(session.timeouts.response) }
        setUploadDeadline()
        exchange.downstream?.wantsRequestBody()
    }

    /// While the request's body is on its way, the upstream owes progress only when it holds bytes back; otherwise it is
    /// the client that everybody waits for, and its own time-out runs.
    private func setUploadDeadline() {
        guard let session, let exchange else { return }
        if exchange.tunnel == .open { return setDeadline(session.timeouts.idle) }
        guard phase == .head, exchange.tunnel == .none, upload != .complete else { return }
        if unsent == nil { deadline = totalDeadline } else { setDeadline(session.timeouts.idle) }
    }

    // MARK: The request's body, towards nghttp2

    /// The next piece, at most `most` bytes; nil when there is none yet.
    func nextPiece(_ most: Int) -> (count: Int, isLast: Bool)? {
        guard exchange != nil || upload == .ended else { return nil }
        let count = min(unsent?.count ?? 0, most)
        let isLast = upload == .ended && count == unsent?.count ?? 0
        return count == 0 && !isLast ? nil : (count, isLast)
    }

    /// Writes a piece that `nextPiece` has announced.
    func writePiece(_ count: Int, to out: ByteBuffer) {
        guard let unsent else { return }
        out.append(unsent.view.prefix(count))
        unsent.consume(count)
        if unsent.isEmpty { dropUnsent() }
        setUploadDeadline()
        if isFull, (self.unsent?.count ?? 0) <= HTTP2ClientStream.mostUnsent / 2 {
            isFull = false
            session?.hungry.append(self)
        }
    }

    /// All of the body has been put into frames.
    func uploadCompleted() {
        upload = .complete
        guard exchange != nil, let session else { return }
        setDeadline(phase == .head ? session.timeouts.response : session.timeouts.idle)
    }

    func feed() {
        guard let exchange, upload == .open else { return }
        session?.settle()
        exchange.downstream?.wantsRequestBody()
    }

    private func dropUnsent() {
        guard let unsent else { return }
        unsent.clear()
        loop.giveBack(unsent)
        self.unsent = nil
    }

    // MARK: Ending

    /// Lets go of the exchange; the stream itself is over when nghttp2 says so.
    func detach(_ exchange: Exchange, failed: Bool, keepingUnsent: Bool = false) {
        self.exchange = nil
        collected = nil
        phase = .over
        deadline = .never
        if !keepingUnsent {
            dropUnsent()
            upload = .complete
        }
        exchange.upstream = nil
        session?.ended(exchange, failed: failed)
    }

    /// Ends a stream that is not over, by whoever's wish.
    func reset() {
        guard let session else { return }
        if id == 0 {
            session.remove(self)
        } else {
            session.frames.reset(id)
            session.sendSoon()
        }
    }

    /// The exchange can't go on. Before its response has begun somebody else decides; after that it is cut.
    func fail(_ error: GatewayError) {
        // What has arrived before goes on to the client first; that may end the exchange.
        session?.settle()
        guard let exchange else { return }
        exchange.tryFailure = error.reason
        detach(exchange, failed: true)
        reset()
        HTTP2ClientStream.report(exchange, error)
    }

    static func report(_ exchange: Exchange, _ error: GatewayError) {
        if exchange.responseStarted {
            exchange.downstream?.abort(error)
        } else {
            exchange.observer?.upstreamFailed(exchange, error)
        }
    }

    /// The connection is closed, and with it the stream.
    func abandon() {
        if let exchange { detach(exchange, failed: false) }
        rest()
    }

    /// Ready for another exchange.
    func rest() {
        session = nil
        dropUnsent()
        id = 0
        isFull = false
        upload = .complete
        requestTrailers = nil
        trailers?.clear()
        interimResponses = 0
        headBytes = 0
        wasResetByPeer = false
        wasNotSent = false
        heldWindow = 0
    }
}

extension HTTP2ClientStream: Upstream {
    package func requestBody(_ bytes: ByteView) -> Bool {
        guard exchange != nil, upload == .open, let session, !bytes.isEmpty else { return true }
        let buffer = unsent ?? loop.takeBuffer()
        buffer.append(bytes)
        unsent = buffer
        session.frames.resume(id)
        session.sendSoon()
        setUploadDeadline()
        if buffer.count > HTTP2ClientStream.mostUnsent { isFull = true }
        return !isFull
    }

    package func requestEnd(trailers: HeaderFields?) {
        guard exchange != nil, upload == .open, let session else { return }
        requestTrailers = trailers
        upload = .ended
        session.frames.resume(id)
        session.sendSoon()
    }

    package func requestFlush() {}

    package func cancel(_ error: GatewayError) {
        guard let exchange else { return }
        if session?.gathered === self { session?.gathered = nil }
        loop.output.clear()
        detach(exchange, failed: false)
        reset()
    }

    package func downstreamWritable() {
        guard exchange != nil, let session else { return }
        giveWindow()
        if phase == .body { setDeadline(session.timeouts.idle) }
    }

    /// The client has taken what it had: the upstream may send as much again.
    func giveWindow() {
        guard heldWindow > 0, let session else { return }
        session.frames.consume(heldWindow, of: id)
        heldWindow = 0
        session.sendSoon()
    }
}

extension HTTP2ClientStream: TimerOwner {
    package func timerFired() {
        guard let exchange, let session else { return }
        if loop.now >= totalDeadline { return fail(GatewayError(exchange.overdue, .upstream)) }
        switch phase {
        case .waiting: deadline = totalDeadline
        case .head where upload != .complete:
            fail(GatewayError(.upstreamIdleTimeout, .upstream, "The upstream took no more of the request body."))
        case .head: fail(GatewayError(.upstreamTimeout, .upstream))
        case .body:
            // While the client is slow, its own time-out runs.
            if exchange.downstream?.isBackedUp ?? false {
                setDeadline(session.timeouts.idle)
            } else {
                fail(GatewayError(.upstreamIdleTimeout, .upstream))
            }
        case .over: break
        }
    }
}
