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

    /// Lends the stream to calls that can't end it; nil if there is none.
    @inline(__always)
    func withStream<R>(_ id: Int32, _ body: (HTTP2Stream) -> R) -> R? {
        guard !isClosed, let session = unsafe session, let data = unsafe nghttp2_session_get_stream_user_data(session, id) else { return nil }
        return unsafe Unmanaged<HTTP2Stream>.fromOpaque(data)._withUnsafeGuaranteedRef { body($0) }
    }

    func headBegan(_ id: Int32) {
        guard let session = unsafe session else { return }
        let stream = takeStream(id)
        unsafe nghttp2_session_set_stream_user_data(session, id, Unmanaged.passUnretained(stream).toOpaque())
        deadlines.head = loop.now + server.settings.headerTimeout
    }

    /// A frame begins: also one that the session is going to skip.
    func frameBegan(_ frame: FloodLimits.Frame) {
        guard !isFlooded, let flood = floods.received(frame, now: loop.now) else { return }
        calmDown(flood)
    }

    /// A frame is complete, CONTINUATION frames included.
    func frameReceived(type: UInt8, flags: UInt8, _ id: Int32) {
        let endsStream = flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
        switch UInt32(type) {
        case NGHTTP2_SETTINGS.rawValue:
            guard !isGreeted else { return }
            isGreeted = true
            deadlines.head = .never
            if active == 0 { waitIdly() }
        case NGHTTP2_HEADERS.rawValue:
            if isGreeted { deadlines.head = .never }
            guard let stream = stream(id) else { return }
            if stream.isStarted { stream.inputEnded() } else { stream.headCompleted(endsStream: endsStream) }
        case NGHTTP2_DATA.rawValue:
            if endsStream { stream(id)?.inputEnded() }
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
