import CNghttp2
import Primitives

/// How sessions are made: callbacks, options, settings.
enum SessionSetup {
    /// Made once for the process; sessions copy it.
    nonisolated(unsafe) private static let callbacks: OpaquePointer? = unsafe makeCallbacks()
    nonisolated(unsafe) private static let options: OpaquePointer? = unsafe makeOptions()

    /// Nil when there is no memory.
    static func makeServer() -> OpaquePointer? {
        var session: OpaquePointer?
        guard unsafe nghttp2_session_server_new2(&session, callbacks, nil, options) == 0 else { return nil }
        return unsafe session
    }

    /// Queues SETTINGS and the connection's window. False: there is no memory.
    static func greet(_ session: OpaquePointer, streams: Int) -> Bool {
        let settings = [
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue), value: UInt32(truncatingIfNeeded: streams)),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue), value: UInt32(HTTP2ServerConnection.streamWindow)),
            // Extended CONNECT (RFC 8441 §3).
            nghttp2_settings_entry(settings_id: Int32(NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL.rawValue), value: 1),
            // No priorities of RFC 7540.
            nghttp2_settings_entry(settings_id: Int32(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES.rawValue), value: 1),
        ]
        let none = UInt8(NGHTTP2_FLAG_NONE.rawValue)
        guard unsafe nghttp2_submit_settings(session, none, settings, settings.count) == 0 else { return false }
        return unsafe nghttp2_session_set_local_window_size(session, none, 0, HTTP2ServerConnection.connectionWindow) == 0
    }

    private static func makeOptions() -> OpaquePointer? {
        var options: OpaquePointer?
        guard unsafe nghttp2_option_new(&options) == 0 else { return nil }
        // Windows open as bodies are taken, not as they come.
        unsafe nghttp2_option_set_no_auto_window_update(options, 1)
        unsafe nghttp2_option_set_no_closed_streams(options, 1)
        unsafe nghttp2_option_set_max_send_header_block_length(options, 1 << 20)
        // Entries of one SETTINGS frame.
        unsafe nghttp2_option_set_max_settings(options, 32)
        unsafe nghttp2_option_set_max_continuations(options, FloodLimits.continuations)
        unsafe nghttp2_option_set_builtin_recv_extension_type(options, UInt8(NGHTTP2_PRIORITY_UPDATE.rawValue))
        return unsafe options
    }

    private static func makeCallbacks() -> OpaquePointer? {
        var callbacks: OpaquePointer?
        guard unsafe nghttp2_session_callbacks_new(&callbacks) == 0 else { return nil }
        unsafe setInput(callbacks)
        unsafe setOutput(callbacks)
        return unsafe callbacks
    }

    private static func owner(_ data: UnsafeMutableRawPointer?) -> HTTP2ServerConnection? {
        guard let data = unsafe data else { return nil }
        return unsafe Unmanaged<HTTP2ServerConnection>.fromOpaque(data).takeUnretainedValue()
    }

    private static let failure = NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
    private static let refusal = NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue

    private static func setInput(_ callbacks: OpaquePointer?) {
        unsafe nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks) { _, header, data in
            guard let owner = unsafe SessionSetup.owner(data), let header = unsafe header?.pointee, !owner.isClosed else {
                return SessionSetup.failure
            }
            owner.frameBegan(FloodLimits.Frame(type: header.type, flags: header.flags, length: header.length))
            return 0
        }
        unsafe nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, data in
            guard let owner = unsafe SessionSetup.owner(data), let frame = unsafe frame, !owner.isClosed else { return SessionSetup.failure }
            if unsafe frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST { owner.headBegan(unsafe frame.pointee.hd.stream_id) }
            return 0
        }
        unsafe nghttp2_session_callbacks_set_on_header_callback(callbacks) { _, frame, name, nameCount, value, valueCount, _, data in
            guard let owner = unsafe SessionSetup.owner(data), let frame = unsafe frame, !owner.isClosed else { return SessionSetup.failure }
            guard let stream = owner.stream(unsafe frame.pointee.hd.stream_id) else { return 0 }
            let name = unsafe ByteView(name, count: nameCount), value = unsafe ByteView(value, count: valueCount)
            return (stream.isStarted ? stream.addTrailer(name, value) : stream.addField(name, value)) ? 0 : SessionSetup.refusal
        }
        // Left to itself the session would skip a malformed field (RFC 9113 §8.2.1).
        unsafe nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks) { _, _, _, _, _, _, _, _ in SessionSetup.refusal }
        unsafe nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks) { _, _, _, data in
            guard let owner = unsafe SessionSetup.owner(data), !owner.isClosed else { return SessionSetup.failure }
            owner.server.counters.protocolErrors += 1
            return 0
        }
        unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, data in
            guard let owner = unsafe SessionSetup.owner(data), let frame = unsafe frame, !owner.isClosed else { return SessionSetup.failure }
            let header = unsafe frame.pointee.hd
            owner.frameReceived(type: header.type, flags: header.flags, header.stream_id)
            return 0
        }
        unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, id, bytes, count, data in
            guard let owner = unsafe SessionSetup.owner(data), !owner.isClosed else { return SessionSetup.failure }
            let bytes = unsafe ByteView(bytes, count: count)
            if let stream = owner.stream(id) { stream.bodyCame(bytes) } else { owner.consume(id, stream: count, connection: count) }
            return 0
        }
        unsafe nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, id, code, data in
            guard let owner = unsafe SessionSetup.owner(data), !owner.isClosed, let stream = owner.stream(id) else { return 0 }
            owner.streamClosed(stream, code)
            return 0
        }
    }

    private static func setOutput(_ callbacks: OpaquePointer?) {
        unsafe nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { session, frame, data in
            guard let owner = unsafe SessionSetup.owner(data), let frame = unsafe frame, !owner.isClosed else { return SessionSetup.failure }
            let header = unsafe frame.pointee.hd
            guard header.type == UInt8(NGHTTP2_DATA.rawValue) || header.type == UInt8(NGHTTP2_HEADERS.rawValue) else { return 0 }
            if header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0 { owner.stream(header.stream_id)?.outputEnded() }
            return 0
        }
        // Bodies go from the stream's buffer to the output at once.
        unsafe nghttp2_session_callbacks_set_send_data_callback(callbacks) { _, frame, header, length, _, data in
            guard let owner = unsafe SessionSetup.owner(data), let frame = unsafe frame, let out = owner.output,
                let stream = owner.stream(unsafe frame.pointee.hd.stream_id)
            else { return SessionSetup.failure }
            // Frames are not padded: no callback asks for it.
            unsafe out.append(ByteView(header, count: 9))
            stream.moveBody(length, to: out)
            return 0
        }
    }

    /// Where the session asks a stream how much of its body it has.
    static var bodySource: nghttp2_data_provider {
        var source = unsafe nghttp2_data_provider()
        unsafe source.read_callback = { _, id, _, room, flags, _, data in
            guard let owner = unsafe SessionSetup.owner(data), let flags = unsafe flags, let stream = owner.stream(id) else {
                return Int(SessionSetup.failure)
            }
            switch stream.nextPiece(room) {
            case .wait: return Int(NGHTTP2_ERR_DEFERRED.rawValue)
            case .piece(let count):
                unsafe flags.pointee |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue
                return count
            case .last(let count):
                unsafe flags.pointee |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue | NGHTTP2_DATA_FLAG_EOF.rawValue
                if stream.submitTrailers() { unsafe flags.pointee |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue }
                return count
            }
        }
        return unsafe source
    }
}
