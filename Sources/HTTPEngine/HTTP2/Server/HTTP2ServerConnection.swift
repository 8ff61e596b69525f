import CNghttp2
import GatewayCore
import Primitives
import Reactor

/// One HTTP/2 connection from a client: a session that knows frames and header compression, and a stream for each
/// exchange.
///
/// The session calls back while it takes bytes in (`Callbacks`) and while it gives bytes out (`Output`); what the streams
/// answer in one turn of the loop leaves in one system call at its end.
@safe
final class HTTP2ServerConnection {
    let connection: Connection
    let server: HTTPServer
    let slot: Int
    let client: ClientInfo

    /// The session. Freed with this object, because it may be in the middle of a call when the connection ends.
    let session: OpaquePointer?
    /// All streams that this connection has made; those that no client uses are in `free`.
    var streams: ContiguousArray<HTTP2Stream> = []
    var free: ContiguousArray<HTTP2Stream> = []
    var active = 0
    /// The stream whose upstream has not been told yet that this was all for now.
    var current: HTTP2Stream?
    /// Streams that have room for more of their response.
    var writable: ContiguousArray<HTTP2Stream> = []
    /// Where the session's frames are gathered, while they are.
    var output: ByteBuffer?
    var floods: FloodLimits

    var requests = 0
    /// Bytes of bodies that nobody has taken yet.
    var keptBytes = 0
    var isPumping = false
    var isScheduled = false
    var isClosed = false
    /// The client's SETTINGS have come.
    var isGreeted = false
    /// The client has gone beyond one of the limits, and is told so.
    var isFlooded = false
    var goingAway = GoingAway.no
    var deadlines = HTTP2Deadlines()
    /// What the last look at a slow client saw.
    var lateBytesSeen = 0

    enum GoingAway: UInt8 {
        case no
        /// The client is told to open no more streams; those that are on their way are served (RFC 9113 §6.8).
        case announced
        /// What comes now is ignored.
        case final
    }

    /// Bytes of a stream's body that may come before they are taken, and of all streams together.
    static let streamWindow: Int32 = 128 << 10
    static let connectionWindow: Int32 = 1 << 20

    init(_ connection: Connection, server: HTTPServer, slot: Int, client: ClientInfo) {
        self.connection = connection
        self.server = server
        self.slot = slot
        self.client = client
        floods = FloodLimits(now: connection.loop.now)
        unsafe session = SessionSetup.makeServer()
        if let session = unsafe session { unsafe nghttp2_session_set_user_data(session, Unmanaged.passUnretained(self).toOpaque()) }
    }

    deinit { unsafe nghttp2_session_del(session) }

    var loop: EventLoop { connection.loop }

    func begin() {
        deadlines.head = loop.now + server.settings.headerTimeout
        armTimer()
        guard let session = unsafe session, unsafe SessionSetup.greet(session, streams: server.settings.streams) else {
            return shutDown(.internalError)
        }
        schedule()
    }

    // MARK: Streams

    func takeStream(_ id: Int32) -> HTTP2Stream {
        let stream: HTTP2Stream
        if let used = free.popLast() {
            stream = used
        } else {
            stream = HTTP2Stream(self)
            streams.append(stream)
        }
        active += 1
        stream.begin(id)
        return stream
    }

    /// The session is done with the stream.
    func streamClosed(_ stream: HTTP2Stream, _ code: UInt32) {
        leave()
        stream.closed(code)
        active -= 1
        free.append(stream)
        if active == 0 { waitIdly() }
    }

    /// No stream is open: the connection is kept for the next one for a while.
    func waitIdly() {
        deadlines.streams = loop.now + (server.drainGrace ?? server.settings.idleTimeout)
        armTimer()
    }

    func armTimer() { connection.deadline = deadlines.first }

    /// Hands a complete head to the handler.
    func start(_ exchange: Exchange, _ stream: HTTP2Stream) {
        requests += 1
        server.counters.requests += 1
        exchange.listener = server.info
        exchange.client = client
        exchange.started = loop.now
        exchange.downstream = stream
        stream.isStarted = true
        enter(stream)
        server.handler(exchange)
        let most = server.settings.requestsPerConnection
        if most > 0, requests >= most { goAway(.final) }
    }

    /// What follows goes to the upstream of this stream. What another one has composed is sent first: upstreams share the
    /// loop's output.
    func enter(_ stream: HTTP2Stream) {
        guard current !== stream else { return }
        leave()
        current = stream
    }

    func leave() {
        guard let stream = current else { return }
        stream.exchange?.upstream?.requestFlush()
        current = nil
        stream.feedWhatWaits()
    }

    // MARK: Ending

    /// Tells the client that no further stream is served.
    func goAway(_ step: GoingAway) {
        guard !isClosed, step.rawValue > goingAway.rawValue, let session = unsafe session else { return }
        goingAway = step
        if step == .announced {
            unsafe nghttp2_submit_shutdown_notice(session)
        } else {
            let last = unsafe nghttp2_session_get_last_proc_stream_id(session)
            unsafe nghttp2_submit_goaway(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), last, ErrorCode.noError.rawValue, nil, 0)
        }
        schedule()
    }

    /// The client abuses the protocol: it is told so, and the connection ends when it has been.
    func calmDown(_ flood: FloodLimits.Flood) {
        guard !isClosed, let session = unsafe session else { return }
        isFlooded = true
        server.counters.floods += 1
        server.failed(.tooManyFrames, client.peer)
        unsafe nghttp2_session_terminate_session(session, ErrorCode.enhanceYourCalm.rawValue)
        schedule()
    }

    /// Nothing is left to be said: closes so that the client gets what was.
    func end(_ error: GatewayError) {
        guard !isClosed else { return }
        markClosed()
        connection.closeGracefully()
        letGo(error)
    }

    func letGo(_ error: GatewayError) {
        for stream in streams { stream.letGo(error) }
        // They refer to the connection.
        streams.removeAll()
        free.removeAll()
        current = nil
        writable.removeAll()
    }

    func markClosed() {
        isClosed = true
        server.removed(self)
    }
}

extension HTTP2ServerConnection: ServedConnection {
    var clientAddress: IPAddress { client.address }
    var isCounted: Bool { !client.isTrusted }

    var idleness: Idleness? {
        guard active == 0, isGreeted, goingAway == .no, deadlines.streams != .never, !connection.isBackedUp else { return nil }
        let length = Instant(nanoseconds: server.drainGrace ?? server.settings.idleTimeout)
        return Idleness(hasServed: requests > 0, since: Instant(nanoseconds: deadlines.streams - length))
    }

    func endIdle() { terminate(.idleTimeout, .noError) }

    func shutDown(_ reason: Reason, reset: Bool) {
        guard !isClosed else { return }
        markClosed()
        connection.close(reset: reset)
        letGo(GatewayError(reason))
    }

    func drain(grace: Nanoseconds) {
        goAway(.announced)
        deadlines.goAway = loop.now + grace
        armTimer()
    }
}
