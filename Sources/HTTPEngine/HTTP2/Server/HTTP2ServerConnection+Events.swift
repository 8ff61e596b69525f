import CNghttp2
import GatewayCore
import Primitives
import Reactor

extension HTTP2ServerConnection: ConnectionHandler {
    func connected() {}

    func received(_ bytes: ByteView) {
        guard !isClosed, let session = unsafe session else { return }
        let wasIdle = active == 0
        let used = unsafe nghttp2_session_mem_recv(session, bytes.buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
        leave()
        guard !isClosed else { return }
        if used < 0 { return failed(Int32(truncatingIfNeeded: used)) }
        if wasIdle, active > 0 { deadlines.streams = loop.now + server.settings.progressTimeout }
        armTimer()
        schedule()
    }

    /// Bytes that no HTTP/2 client sends.
    private func failed(_ code: Int32) {
        server.counters.protocolErrors += 1
        guard let session = unsafe session, code != NGHTTP2_ERR_BAD_CLIENT_MAGIC.rawValue else {
            server.failed(.badPreface, client.peer)
            return shutDown(.badPreface)
        }
        if code == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS.rawValue { return calmDown(.continuation) }
        if code == NGHTTP2_ERR_FLOODED.rawValue || code == NGHTTP2_ERR_TOO_MANY_SETTINGS.rawValue { return calmDown(.settings) }
        unsafe nghttp2_session_terminate_session(session, ErrorCode.internalError.rawValue)
        schedule()
    }

    func drained() {
        deadlines.output = .never
        pump()
        tellWritable()
    }

    /// The client sends no more, so it has left: HTTP/2 needs both directions.
    func inputEnded() { shutDown(.clientClosed) }

    func lost(_ error: SystemError) {
        guard !isClosed else { return }
        markClosed()
        letGo(GatewayError(.clientClosed, "\(error)"))
    }

    func deadlineReached() {
        guard !isClosed else { return }
        let now = loop.now
        if now >= deadlines.output, connection.isBackedUp {
            guard connection.lateBytes != lateBytesSeen else {
                server.counters.timeouts += 1
                return shutDown(.clientWriteTimeout, reset: true)
            }
            watchSlowClient()
        }
        if now >= deadlines.head { return headTimedOut() }
        if now >= deadlines.goAway {
            deadlines.goAway = .never
            goAway(.final)
        }
        if now >= deadlines.streams {
            guard active > 0 else { return terminate(.idleTimeout, .noError) }
            deadlines.streams = expireStreams(now)
        }
        armTimer()
    }

    /// The client has to take bytes before the progress time-out.
    func watchSlowClient() {
        lateBytesSeen = connection.lateBytes
        deadlines.output = loop.now + server.settings.progressTimeout
    }

    private func headTimedOut() {
        server.counters.timeouts += 1
        if requests == 0 { server.failed(.headerTimeout, client.peer) }
        terminate(.headerTimeout, isGreeted ? .enhanceYourCalm : .settingsTimeout)
    }

    func terminate(_ reason: Reason, _ code: ErrorCode) {
        guard let session = unsafe session else { return }
        unsafe nghttp2_session_terminate_session(session, code.rawValue)
        pump()
        end(GatewayError(reason))
    }

    /// Ends the streams whose client has made no progress for too long; answers when to look again.
    private func expireStreams(_ now: Instant) -> Instant {
        let limit = server.settings.progressTimeout
        var next = now + limit
        for stream in streams where stream.waitsSince != .never {
            let end = stream.waitsSince + limit
            if end > now {
                next = min(next, end)
            } else {
                server.counters.timeouts += 1
                stream.timedOut()
            }
        }
        return next
    }
}
