internal import CNghttp2
import GatewayCore
import Primitives

/// nghttp2's side of an HTTP/2 connection to an upstream: frames, header compression, flow control, and the rules of
/// RFC 9113 §8 for messages.
@safe
final class HTTP2ClientSession {
    private var session: OpaquePointer?
    /// Where frames are written to, during `write`.
    var out: ByteBuffer?
    private let block = FieldBlock()
    /// What the upstream did wrong, when the whole connection suffers from it.
    var violation: String?

    /// As much is gathered before it is sent.
    static let mostOutput = 128 << 10

    deinit { unsafe nghttp2_session_del(session) }

    /// Begins a session whose events go to `owner`, which owns this object.
    func open(for owner: HTTP2ClientConnection) {
        var option: OpaquePointer?
        guard unsafe nghttp2_option_new(&option) == 0 else { return }
        defer { unsafe nghttp2_option_del(option) }
        unsafe nghttp2_option_set_no_auto_window_update(option, 1)
        unsafe nghttp2_option_set_peer_max_concurrent_streams(option, 100)
        unsafe nghttp2_option_set_max_continuations(option, FloodLimits.continuations)
        guard let callbacks = unsafe HTTP2ClientCallbacks.make() else { return }
        defer { unsafe nghttp2_session_callbacks_del(callbacks) }
        let user = unsafe Unmanaged.passUnretained(owner).toOpaque()
        guard unsafe nghttp2_session_client_new2(&session, callbacks, user, option) == 0 else { return }
        let settings = [
            nghttp2_settings_entry(settings_id: Int32(NGHTTP2_SETTINGS_ENABLE_PUSH.rawValue), value: 0),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue), value: UInt32(HTTP2ClientConnection.streamWindow)),
            nghttp2_settings_entry(settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue), value: UInt32(owner.limits.bytes)),
        ]
        _ = unsafe nghttp2_submit_settings(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), settings, settings.count)
        _ = unsafe nghttp2_session_set_local_window_size(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, Int32(HTTP2ClientConnection.connectionWindow))
    }

    // MARK: The connection

    /// Takes what has arrived. False: the session is broken.
    func read(_ bytes: ByteView) -> Bool {
        let base = unsafe bytes.buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
        return unsafe nghttp2_session_mem_recv(session, base, bytes.count) >= 0
    }

    /// Writes the frames that are due, at most about `mostOutput` bytes. False: the session is broken.
    func write(to out: ByteBuffer) -> Bool {
        self.out = out
        defer { self.out = nil }
        return unsafe nghttp2_session_send(session) == 0
    }

    var wantsToWrite: Bool { unsafe nghttp2_session_want_write(session) != 0 }

    /// Nothing more will be read or written.
    var isOver: Bool { unsafe nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0 }

    /// The upstream takes extended CONNECT (RFC 8441 §3).
    var allowsConnect: Bool { unsafe nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1 }

    /// How many streams the upstream allows at a time; 100 before it has said so.
    var peerMostStreams: Int {
        Int(unsafe nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS))
    }

    /// Asks the upstream to answer.
    func ping() { _ = unsafe nghttp2_submit_ping(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil) }

    /// Ends the session with GOAWAY.
    func terminate() { _ = unsafe nghttp2_session_terminate_session(session, NGHTTP2_ENHANCE_YOUR_CALM.rawValue) }

    // MARK: Streams

    /// Queues the request of an exchange; its stream's number. Nil: the session takes no more.
    func submit(_ exchange: Exchange, _ stream: HTTP2ClientStream, isSecure: Bool, hasBody: Bool) -> Int32? {
        block.setRequest(exchange, scheme: isSecure ? "https" : "http")
        let user = unsafe Unmanaged.passUnretained(stream).toOpaque()
        let id = unsafe block.withPairs { fields, count in
            guard hasBody else { return unsafe nghttp2_submit_request(session, nil, fields, count, nil, user) }
            var provider = unsafe nghttp2_data_provider(source: nghttp2_data_source(ptr: user), read_callback: HTTP2ClientCallbacks.readBody)
            return unsafe nghttp2_submit_request(session, nil, fields, count, &provider, user)
        }
        return id > 0 ? id : nil
    }

    /// Queues the trailers of a request; false if there are none.
    func submitTrailers(_ trailers: HeaderFields?, of id: Int32) -> Bool {
        guard let trailers else { return false }
        block.clear()
        block.append(trailers)
        return unsafe block.withPairs { fields, count in unsafe count > 0 && nghttp2_submit_trailer(session, id, fields, count) == 0 }
    }

    /// There is more of the request's body than there was.
    func resume(_ id: Int32) { _ = unsafe nghttp2_session_resume_data(session, id) }

    /// Ends the stream with CANCEL.
    func reset(_ id: Int32) {
        _ = unsafe nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, NGHTTP2_CANCEL.rawValue)
    }

    /// The stream's upstream may send `count` bytes more.
    func consume(_ count: Int, of id: Int32) { _ = unsafe nghttp2_session_consume_stream(session, id, count) }

    /// The upstream may send `count` bytes more, on any stream.
    func consume(_ count: Int) { _ = unsafe nghttp2_session_consume_connection(session, count) }
}
