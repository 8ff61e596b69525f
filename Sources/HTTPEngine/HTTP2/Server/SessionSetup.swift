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
        // CONTINUATION frames of one head: as many as limits.headerBytes can need.
        unsafe nghttp2_option_set_max_continuations(options, 64)
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

    /// The session's connection outlives the call, so it need not be counted: there are twenty of these calls for a request.
    @inline(__always)
    private static func withOwner<R>(_ data: UnsafeMutableRawPointer?, else failed: R, _ body: (HTTP2ServerConnection) -> R) -> R {
        guard let data = unsafe data else { return failed }
        return unsafe Unmanaged<HTTP2ServerConnection>.fromOpaque(data)._withUnsafeGuaranteedRef { $0.isClosed ? failed : body($0) }
    }

    private static let failure = NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
    private static let refusal = NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue

    private static func setInput(_ callbacks: OpaquePointer?) {
        unsafe nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks) { _, header, data in
            guard let header = unsafe header?.pointee else { return SessionSetup.failure }
            return unsafe SessionSetup.withOwner(data, else: SessionSetup.failure) { owner in
                owner.frameBegan(FloodLimits.Frame(type: header.type, flags: header.flags, length: header.length))
                return 0
            }
        }
        unsafe nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, data in
            guard let frame = unsafe frame else { return SessionSetup.failure }
            let isRequest = unsafe frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST, id = unsafe frame.pointee.hd.stream_id
            return unsafe SessionSetup.withOwner(data, else: SessionSetup.failure) { owner in
                if isRequest { owner.headBegan(id) }
                return 0
            }
        }
        unsafe nghttp2_session_callbacks_set_on_header_callback(callbacks) { _, frame, name, nameCount, value, valueCount, _, data in
            guard let id = unsafe frame?.pointee.hd.stream_id else { return SessionSetup.failure }
            let name = unsafe ByteView(name, count: nameCount), value = unsafe ByteView(value, count: valueCount)
            return unsafe SessionSetup.withOwner(data, else: SessionSetup.failure) { owner in
                let isTaken = owner.withStream(id) { $0.isStarted ? $0.addTrailer(name, value) : $0.addField(name, value) } ?? true
                return isTaken ? 0 : SessionSetup.refusal
            }
        }
        // Left to itself the session would skip a malformed field (RFC 9113 §8.2.1).
        unsafe nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks) { _, _, _, _, _, _, _, _ in SessionSetup.refusal }
        unsafe nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks) { _, _, _, data in
            unsafe SessionSetup.withOwner(data, else: SessionSetup.failure) { owner in
                owner.server.counters.protocolErrors += 1
                return 0
            }
        }
        unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, data in
            guard let header = unsafe frame?.pointee.hd else { return SessionSetup.failure }
            return unsafe SessionSetup.withOwner(data, else: SessionSetup.failure) { owner in
                owner.frameReceived(type: header.type, flags: header.flags, header.stream_id)
                return 0
            }
        }
        unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, id, bytes, count, data in
            let bytes = unsafe ByteView(bytes, count: count)
            return unsafe SessionSetup.withOwner(data, else: SessionSetup.failure) { owner in
                if owner.withStream(id, { $0.bodyCame(bytes) }) == nil { owner.consume(id, stream: count, connection: count) }
                return 0
            }
        }
        unsafe nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, id, code, data in
            unsafe SessionSetup.withOwner(data, else: 0) { owner in
                if let stream = owner.stream(id) { owner.streamClosed(stream, code) }
                return 0
            }
        }
    }

    private static func setOutput(_ callbacks: OpaquePointer?) {
        unsafe nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { session, frame, data in
            guard let header = unsafe frame?.pointee.hd else { return SessionSetup.failure }
            return unsafe SessionSetup.withOwner(data, else: SessionSetup.failure) { owner in
                guard header.type == UInt8(NGHTTP2_DATA.rawValue) || header.type == UInt8(NGHTTP2_HEADERS.rawValue) else { return 0 }
                if header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0 { _ = owner.withStream(header.stream_id) { $0.outputEnded() } }
                return 0
            }
        }
        // Bodies go from the stream's buffer to the output at once.
        unsafe nghttp2_session_callbacks_set_send_data_callback(callbacks) { _, frame, header, length, _, data in
            guard let id = unsafe frame?.pointee.hd.stream_id else { return SessionSetup.failure }
            // Frames are not padded: no callback asks for it.
            let head = unsafe ByteView(header, count: 9)
            return unsafe SessionSetup.withOwner(data, else: SessionSetup.failure) { owner in
                guard let out = owner.output else { return SessionSetup.failure }
                return owner.withStream(id) { stream in
                    out.append(head)
                    stream.moveBody(length, to: out)
                    return 0
                } ?? SessionSetup.failure
            }
        }
    }

    /// Where the session asks a stream how much of its body it has.
    static var bodySource: nghttp2_data_provider {
        var source = unsafe nghttp2_data_provider()
        unsafe source.read_callback = { _, id, _, room, flags, _, data in
            guard let flags = unsafe flags else { return Int(SessionSetup.failure) }
            let answer: Int? = unsafe SessionSetup.withOwner(data, else: nil) { owner in
                owner.withStream(id) { stream in
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
            }
            return answer ?? Int(SessionSetup.failure)
        }
        return unsafe source
    }
}
