import CNghttp2
import GatewayCore
import Primitives
import Reactor

/// One stream of an HTTP/2 connection: a request and its response.
///
/// The object serves one stream after the other. It gives its exchange back when the response is handed over; what of the
/// response waits for the client's window stays here until the session has taken it.
final class HTTP2Stream {
    let owner: HTTP2ServerConnection
    var id: Int32 = 0
    var exchange: Exchange?

    // MARK: The request
    /// The head was handed to the handler.
    var isStarted = false
    /// What the head is refused with when it is complete.
    var headError: GatewayError?
    var headBytes = 0
    var fieldCount = 0
    var cookies = 0
    var protocolSpan = RequestHead.Span()
    var authority = RequestHead.Span()
    var bodyIsWanted = false
    /// The client has sent its END_STREAM.
    var inputHasEnded = false
    /// The upstream waits for the body's end.
    var owesEnd = false
    /// Bytes of the body that nobody has taken yet.
    var kept: ByteBuffer?
    /// How many of them have not been given back to the window of the connection.
    var keptOfConnection = 0
    var trailers: HeaderFields?
    var hasTrailers = false

    // MARK: The response
    var writing = Writing.nothing
    /// Bytes of the body that the session has not taken yet.
    let body = ByteBuffer()
    var responseTrailers: HeaderFields?
    var hasResponseTrailers = false
    /// The session asks for the body; else the response ended with its head.
    var hasSource = false
    var bodyIsComplete = false
    /// The session asks no more until it is told that there is something.
    var isDeferred = false
    /// Somebody was told to stop.
    var wantsWritable = false

    /// Since when the client is waited for; `.never` when it is not.
    var waitsSince = Instant.never
    var isListedWritable = false

    enum Writing: Equatable {
        case nothing
        case length(Int)
        /// Until the end comes.
        case open
        /// The response has no body.
        case none
        /// Nothing more is taken.
        case over
    }

    init(_ owner: HTTP2ServerConnection) { self.owner = owner }

    func begin(_ id: Int32) {
        self.id = id
        exchange = owner.server.pool.take()
        exchange?.request.majorVersion = 2
        exchange?.request.minorVersion = 0
    }

    /// Back to the state of a new one, memory kept.
    private func reset() {
        isStarted = false
        headError = nil
        headBytes = 0
        fieldCount = 0
        cookies = 0
        protocolSpan = RequestHead.Span()
        authority = RequestHead.Span()
        bodyIsWanted = false
        inputHasEnded = false
        owesEnd = false
        dropKept()
        if hasTrailers { trailers?.clear() }
        hasTrailers = false
        writing = .nothing
        body.shrink(to: 16 << 10)
        if hasResponseTrailers { responseTrailers?.clear() }
        hasResponseTrailers = false
        hasSource = false
        bodyIsComplete = false
        isDeferred = false
        wantsWritable = false
        waitsSince = .never
    }

    // MARK: Ending

    /// The session is done with the stream; with an exchange unfinished, the client has cancelled it or broken the protocol.
    func closed(_ code: UInt32) {
        let reason: Reason = code == ErrorCode.protocolError.rawValue ? .badFraming : .clientClosed
        letGo(GatewayError(reason))
        reset()
    }

    func letGo(_ error: GatewayError) {
        writing = .over
        guard let exchange else { return }
        guard isStarted else {
            // The handler never heard of it.
            self.exchange = nil
            return owner.server.pool.giveBack(exchange)
        }
        if exchange.error == nil { exchange.error = error }
        let upstream = exchange.upstream
        exchange.upstream = nil
        upstream?.cancel(error)
        release(exchange)
    }

    func release(_ exchange: Exchange) {
        guard self.exchange === exchange else { return }
        self.exchange = nil
        bodyIsWanted = false
        dropKept()
        exchange.isFinished = true
        if exchange.tunnel == .none { owner.loop.pause.streamEnded(after: owner.loop.now - exchange.started, now: owner.loop.now) }
        exchange.observer?.finished(exchange)
        owner.server.pool.giveBack(exchange)
    }

    /// Tells the client that the stream is over before its time.
    func resetStream(_ code: ErrorCode) {
        guard !owner.isClosed, let session = unsafe owner.session else { return }
        unsafe nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, code.rawValue)
        owner.schedule()
    }

    /// The client has made no progress for too long.
    func timedOut() {
        waitsSince = .never
        guard let exchange else { return resetStream(.cancel) }
        if body.isEmpty, !inputHasEnded, bodyIsWanted {
            bodyFailed(exchange, GatewayError(.bodyTimeout))
        } else {
            abort(GatewayError(.clientWriteTimeout))
        }
    }

    /// What was forwarded of the request must not look complete.
    private func bodyFailed(_ exchange: Exchange, _ error: GatewayError) {
        bodyIsWanted = false
        let upstream = exchange.upstream
        exchange.upstream = nil
        upstream?.cancel(error)
        guard self.exchange === exchange else { return }
        if exchange.responseStarted { return abort(error) }
        exchange.error = error
        owner.server.handler(exchange)
    }
}
