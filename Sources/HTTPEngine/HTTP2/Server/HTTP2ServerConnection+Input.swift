import CNghttp2
import GatewayCore
import Primitives
import Reactor

/// What the session reports while it takes bytes in.
extension HTTP2ServerConnection {
    func stream(_ id: Int32) -> HTTP2Stream? {
        guard !isClosed, let session = unsafe session, let data = unsafe nghttp2_session_get_stream_user_data(session, id) else { return nil }
        return unsafe Unmanaged<HTTP2Stream>.fromOpaque(data).takeUnretainedValue()
    }

    func headBegan(_ id: Int32) {
        guard let session = unsafe session else { return }
        let stream = takeStream(id)
        unsafe nghttp2_session_set_stream_user_data(session, id, Unmanaged.passUnretained(stream).toOpaque())
        headDeadline = loop.now + server.settings.headerTimeout
    }

    func frameReceived(_ frame: FloodLimits.Frame, _ id: Int32) {
        if let flood = floods.received(frame, now: loop.now) { return calmDown(flood) }
        switch UInt32(frame.type) {
        case NGHTTP2_SETTINGS.rawValue:
            guard !isGreeted else { return }
            isGreeted = true
            headDeadline = .never
            if active == 0 { connection.deadline = loop.now + (server.drainGrace ?? server.settings.idleTimeout) }
        case NGHTTP2_HEADERS.rawValue:
            if isGreeted { headDeadline = .never }
            guard let stream = stream(id) else { return }
            let ends = frame.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
            if stream.isStarted { stream.inputEnded() } else { stream.headCompleted(endsStream: ends) }
        case NGHTTP2_DATA.rawValue:
            guard frame.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0 else { return }
            stream(id)?.inputEnded()
        default: break
        }
    }

    /// Gives window back to the client.
    func consume(_ id: Int32, stream: Int, connection: Int) {
        guard !isClosed, let session = unsafe session else { return }
        if connection > 0 { unsafe nghttp2_session_consume_connection(session, connection) }
        if stream > 0 { unsafe nghttp2_session_consume_stream(session, id, stream) }
    }
}
