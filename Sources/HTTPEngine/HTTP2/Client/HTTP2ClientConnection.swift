package import GatewayCore
import Primitives
package import Reactor
package import TLS

/// Whose session an HTTP/2 connection to an upstream is.
package protocol HTTP2ClientOwner: AnyObject {
    /// The connection carries one of its exchanges no longer, because that is complete, has failed, or was cancelled.
    func released(_ connection: HTTP2ClientConnection, _ exchange: Exchange, failed: Bool)
    /// A stream has ended, or the upstream allows more of them: another exchange may begin.
    func mayServeNext()
    /// The connection is gone. Its exchanges have been told.
    func closed(_ connection: HTTP2ClientConnection)
    /// Whether the upstream may choose HTTP/1.1 in the TLS handshake.
    var takesHTTP1: Bool { get }
    /// It has done so: the exchanges of `old`, none of which has begun, are to go over this connection, or others.
    func goOn(overHTTP1 connection: Connection, _ security: ClientConnection.Security, of old: HTTP2ClientConnection, _ exchanges: [Exchange])
}

/// One HTTP/2 connection to an upstream (RFC 9113), carrying many exchanges, each as a stream.
///
/// nghttp2 reads and writes the frames. What it wants to send is sent once, at the end of the turn; what it has read is
/// handed to the streams by its callbacks, in which nothing calls it back but to submit.
package final class HTTP2ClientConnection {
    package let loop: EventLoop
    package private(set) var connection: Connection?
    /// Nil for plain text.
    private(set) var security: ClientConnection.Security?
    package private(set) var owner: (any HTTP2ClientOwner)?
    /// Which endpoint of the owner it leads to.
    package let endpoint: Int
    package var limits = HeadLimits()
    package var timeouts: ClientTimeouts

    let frames: HTTP2ClientSession
    /// Streams that wait for the connection, are open, or are about to be reset.
    private(set) var streams: ContiguousArray<HTTP2ClientStream> = []
    private var free: ContiguousArray<HTTP2ClientStream> = []
    var isConnected = false
    /// No new streams: the upstream said so, or the owner.
    var isGoingAway = false
    private(set) var isClosed = false
    var hasServed = false
    /// The stream whose client has bytes that are gathered and not yet flushed: there is one place to gather in.
    var gathered: HTTP2ClientStream?
    /// Streams that can take more of their request's body.
    var hungry: ContiguousArray<HTTP2ClientStream> = []
    /// A stream has ended since the owner was last told.
    var hasRoomAgain = false
    private var sendsAtEndOfTurn = false
    private var floods: FloodLimits
    var silence: SilenceWatch
    /// The upstream's SETTINGS have arrived.
    private(set) var hasSettings = false
    private var hasNewSettings = false

    /// A stream may be this far ahead of its client, bytes.
    static let streamWindow = 256 << 10
    /// All streams together may be this far ahead of the gateway, bytes.
    static let connectionWindow = 4 << 20
    /// However many the upstream allows.
    static let mostStreams = 1024

    package init(loop: EventLoop, owner: any HTTP2ClientOwner, endpoint: Int, timeouts: ClientTimeouts) {
        self.loop = loop
        self.owner = owner
        self.endpoint = endpoint
        self.timeouts = timeouts
        floods = FloodLimits(now: loop.now)
        silence = SilenceWatch(most: timeouts.ping)
        frames = HTTP2ClientSession()
        frames.open(for: self)
    }

    /// Sets out to connect, with TLS if it is given. Exchanges may be started at once; they wait.
    package func connect(to address: SocketAddress, tls: TLSEndpoint? = nil, sessions: TLSSessions? = nil) throws(SystemError) {
        security = try ClientConnection.Security(tls, sessions: sessions)
        let connection = try loop.backend.connect(to: address, loop: loop, handler: self)
        connection.layer = security?.stream
        connection.keepsUnreadInput = true
        connection.deadline = loop.now + timeouts.connect
        self.connection = connection
    }

    /// Whether another exchange may begin.
    package var hasFreeStream: Bool {
        !isClosed && !isGoingAway && streams.count < min(frames.peerMostStreams, HTTP2ClientConnection.mostStreams)
    }

    package var isIdle: Bool { streams.isEmpty && !isClosed }

    // MARK: Streams

    /// Carries the exchange, as soon as the connection is there.
    package func start(_ exchange: Exchange) {
        let stream = free.popLast() ?? HTTP2ClientStream(loop: loop)
        streams.append(stream)
        stream.wait(exchange, in: self)
        if isConnected, stream.mayBegin { begin(stream) }
    }

    private func begin(_ stream: HTTP2ClientStream) {
        // The first one ends the idle time.
        if streams.count == 1 || connection?.deadline == .never { connection?.deadline = silence.begin(loop.now) }
        stream.begin()
    }

    /// The connection is there: what has waited for it begins.
    func beginWaiting() {
        // Whoever is told of a stream's failure may start others.
        for stream in streams where stream.phase == .waiting && stream.mayBegin { begin(stream) }
        setIdleDeadline()
    }

    /// The stream has ended for nghttp2 too.
    func remove(_ stream: HTTP2ClientStream) {
        guard let index = streams.firstIndex(where: { $0 === stream }) else { return }
        streams.swapAt(index, streams.count - 1)
        streams.removeLast()
        stream.rest()
        free.append(stream)
        hasRoomAgain = true
        hasServed = true
        setIdleDeadline()
    }

    private func setIdleDeadline() {
        if isConnected, streams.isEmpty { connection?.deadline = loop.now + timeouts.idle }
    }

    func ended(_ exchange: Exchange, failed: Bool) { owner?.released(self, exchange, failed: failed) }

    // MARK: Sending

    /// Sends what there is to send when everything that this turn brings has been delivered.
    func sendSoon() {
        guard isConnected, !sendsAtEndOfTurn, !isClosed else { return }
        sendsAtEndOfTurn = true
        loop.atEndOfTurn { [self] in
            sendsAtEndOfTurn = false
            send()
        }
    }

    func send() {
        guard isConnected, !isClosed, let connection else { return }
        let out = loop.takeBuffer()
        var isSound = true
        while isSound, !connection.isBackedUp {
            isSound = frames.write(to: out)
            guard !out.isEmpty else { break }
            connection.send(out.view)
            out.clear()
        }
        loop.giveBack(out)
        guard isSound else { return failAll(GatewayError(.upstreamReset, .upstream, "The HTTP/2 session failed.")) }
        afterFrames()
    }

    /// What can't be done while nghttp2 is at work.
    func afterFrames() {
        settle()
        while let stream = hungry.popLast() { stream.feed() }
        guard !isClosed else { return }
        if hasNewSettings {
            hasNewSettings = false
            beginWaiting()
        }
        if frames.isOver { return failAll(brokenError) }
        if isGoingAway, streams.isEmpty { return close() }
        if frames.wantsToWrite, !(connection?.isBackedUp ?? true) { sendSoon() }
        if hasRoomAgain {
            hasRoomAgain = false
            owner?.mayServeNext()
        }
    }

    /// nghttp2 has ended the session: with GOAWAY, for what the upstream did.
    private var brokenError: GatewayError {
        GatewayError(.upstreamBadResponse, .upstream, frames.violation ?? "The upstream broke the HTTP/2 protocol.")
    }

    /// Bytes that were gathered for one client go out before anything is gathered for another.
    func settle(but stream: HTTP2ClientStream? = nil) {
        guard let last = gathered, last !== stream else { return }
        gathered = nil
        last.flush()
    }

    // MARK: Ending

    /// No new streams; closes when the last has ended.
    package func drain() {
        isGoingAway = true
        if streams.isEmpty { close() }
    }

    /// The connection can't go on.
    func failAll(_ error: GatewayError) {
        guard !isClosed else { return }
        settle()
        isGoingAway = true
        var failures: [(exchange: Exchange, error: GatewayError)] = []
        for stream in streams {
            if let failure = stream.letGo(of: error) { failures.append(failure) }
        }
        close()
        for failure in failures { HTTP2ClientStream.report(failure.exchange, failure.error) }
    }

    /// The upstream has not agreed to HTTP/2 in the TLS handshake.
    func goOnOverHTTP1() {
        guard let owner, let connection, let security, owner.takesHTTP1 else {
            return failAll(GatewayError(.upstreamTLSFailed, .upstream, retry: .yes, "The upstream does not agree to HTTP/2 in the TLS handshake."))
        }
        let exchanges = streams.compactMap { stream in
            let exchange = stream.exchange
            if let exchange { stream.detach(exchange, failed: false) }
            return exchange
        }
        self.connection = nil
        close()
        owner.goOn(overHTTP1: connection, security, of: self, exchanges)
    }

    /// Ends the connection at once. Exchanges that it still carries are not told.
    package func close() {
        guard !isClosed else { return }
        isClosed = true
        gathered = nil
        hungry.removeAll()
        let carried = streams
        streams.removeAll()
        for stream in carried { stream.abandon() }
        connection?.close()
        connection = nil
        owner?.closed(self)
        owner = nil
    }

    // MARK: What the upstream says of the connection

    /// What the upstream allows has changed.
    func settingsReceived() {
        hasSettings = true
        hasRoomAgain = true
        hasNewSettings = true
    }

    /// A frame has been read whole. An upstream that keeps the gateway busy with nothing loses its connection. It may reset as
    /// many streams as it likes: they were asked for.
    func received(_ frame: FloodLimits.Frame) {
        guard let flood = floods.received(frame, now: loop.now), flood != .rapidReset, frames.violation == nil else { return }
        frames.violation = "The upstream floods the connection: \(flood.rawValue)."
        frames.terminate()
    }
}
