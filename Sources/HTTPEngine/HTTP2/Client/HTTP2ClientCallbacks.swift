internal import CNghttp2
import GatewayCore
import Primitives

/// The functions that nghttp2 calls while it reads and writes.
enum HTTP2ClientCallbacks {
    static func make() -> OpaquePointer? {
        var callbacks: OpaquePointer?
        guard unsafe nghttp2_session_callbacks_new(&callbacks) == 0 else { return nil }
        unsafe setReading(callbacks)
        unsafe setWriting(callbacks)
        return unsafe callbacks
    }

    // MARK: Reading

    private static func setReading(_ callbacks: OpaquePointer?) {
        unsafe nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { session, frame, _ in
            guard let frame = unsafe frame else { return 0 }
            _ = unsafe withStream(session, frame.pointee.hd.stream_id) { $0.headersBegin() }
            return 0
        }
        unsafe nghttp2_session_callbacks_set_on_header_callback(callbacks) { session, frame, name, nameCount, value, valueCount, _, user in
            guard let id = unsafe frame?.pointee.hd.stream_id else { return 0 }
            let name = unsafe ByteView(name, count: nameCount), value = unsafe ByteView(value, count: valueCount)
            return unsafe withStream(session, id) { $0.received(name: name, value: value) ? 0 : stopStream } ?? 0
        }
        unsafe nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks) { session, frame, _, _, _, _, _, _ in
            guard let frame = unsafe frame else { return 0 }
            let detail = "A field of the upstream's response is malformed."
            unsafe stream(session, frame.pointee.hd.stream_id)?.fail(GatewayError(.upstreamBadResponse, .upstream, detail))
            return stopStream
        }
        unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { session, _, id, data, count, user in
            let bytes = unsafe ByteView(data, count: count)
            return unsafe withOwner(user, else: stop) { owner in
                // Other streams need not wait for this one's client.
                owner.frames.consume(count)
                unsafe stream(session, id)?.received(body: bytes)
                return owner.isClosed ? stop : 0
            }
        }
        unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { session, frame, user in
            guard let frame = unsafe frame else { return stop }
            return unsafe withOwner(user, else: stop) { owner in
                unsafe received(frame, session, owner)
                return owner.isClosed ? stop : 0
            }
        }
        unsafe nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { session, id, code, _ in
            unsafe stream(session, id)?.closed(code)
            return 0
        }
        unsafe nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks) { session, frame, code, user in
            guard let owner = unsafe owner(user), let frame = unsafe frame else { return stop }
            let detail = unsafe "The upstream's HTTP/2 is malformed: \(String(cString: nghttp2_strerror(code)))."
            if let stream = unsafe stream(session, frame.pointee.hd.stream_id) {
                stream.fail(GatewayError(.upstreamBadResponse, .upstream, detail))
            } else {
                owner.frames.violation = detail
            }
            return 0
        }
    }

    // MARK: Writing

    private static func setWriting(_ callbacks: OpaquePointer?) {
        unsafe nghttp2_session_callbacks_set_send_callback(callbacks) { _, data, count, _, user in
            let bytes = unsafe ByteView(data, count: count)
            return unsafe withOwner(user, else: Int(stop)) { owner in
                guard let out = owner.frames.out else { return Int(stop) }
                guard out.count < HTTP2ClientSession.mostOutput else { return Int(NGHTTP2_ERR_WOULDBLOCK.rawValue) }
                out.append(bytes)
                return count
            }
        }
        unsafe nghttp2_session_callbacks_set_send_data_callback(callbacks) { session, frame, header, count, _, user in
            guard let id = unsafe frame?.pointee.hd.stream_id else { return stop }
            let head = unsafe ByteView(header, count: 9)
            return unsafe withOwner(user, else: stop) { owner in
                guard let out = owner.frames.out else { return stop }
                out.append(head)
                _ = unsafe withStream(session, id) { $0.writePiece(count, to: out) }
                return 0
            }
        }
        unsafe nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks) { session, frame, _, _ in
            guard let frame = unsafe frame, unsafe UInt32(frame.pointee.hd.type) == NGHTTP2_HEADERS.rawValue else { return 0 }
            unsafe stream(session, frame.pointee.hd.stream_id)?.wasNotSent = true
            return 0
        }
    }

    /// Says how much of a request's body goes into the next frame; `send_data` then writes it.
    static let readBody: nghttp2_data_source_read_callback = { session, id, _, most, flags, _, user in
        guard let owner = unsafe owner(user), let stream = unsafe stream(session, id), let piece = stream.nextPiece(most) else {
            return Int(NGHTTP2_ERR_DEFERRED.rawValue)
        }
        unsafe flags?.pointee |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue
        guard piece.isLast else { return piece.count }
        unsafe flags?.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
        if owner.frames.submitTrailers(stream.requestTrailers, of: id) {
            unsafe flags?.pointee |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
        }
        stream.uploadCompleted()
        return piece.count
    }
}

// What the callbacks use stands outside of types: a C function captures nothing, not even a metatype.

private let stop = NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
private let stopStream = NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue

private func owner(_ user: UnsafeMutableRawPointer?) -> HTTP2ClientConnection? {
    unsafe user.map { unsafe Unmanaged<HTTP2ClientConnection>.fromOpaque($0).takeUnretainedValue() }
}

private func stream(_ session: OpaquePointer?, _ id: Int32) -> HTTP2ClientStream? {
    guard let user = unsafe nghttp2_session_get_stream_user_data(session, id) else { return nil }
    return unsafe Unmanaged<HTTP2ClientStream>.fromOpaque(user).takeUnretainedValue()
}

/// Lends the connection, which outlives the call: it need not be counted.
@inline(__always)
private func withOwner<R>(_ user: UnsafeMutableRawPointer?, else failed: R, _ body: (HTTP2ClientConnection) -> R) -> R {
    guard let user = unsafe user else { return failed }
    return unsafe Unmanaged<HTTP2ClientConnection>.fromOpaque(user)._withUnsafeGuaranteedRef { body($0) }
}

/// Lends the stream to calls that can't end it; nil if there is none.
@inline(__always)
private func withStream<R>(_ session: OpaquePointer?, _ id: Int32, _ body: (HTTP2ClientStream) -> R) -> R? {
    guard let user = unsafe nghttp2_session_get_stream_user_data(session, id) else { return nil }
    return unsafe Unmanaged<HTTP2ClientStream>.fromOpaque(user)._withUnsafeGuaranteedRef { body($0) }
}

private func received(_ frame: UnsafePointer<nghttp2_frame>, _ session: OpaquePointer?, _ owner: HTTP2ClientConnection) {
    let header = unsafe frame.pointee.hd
    let isLast = UInt32(header.flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0
    switch UInt32(header.type) {
    case NGHTTP2_HEADERS.rawValue: unsafe stream(session, header.stream_id)?.headersEnd(isLast: isLast)
    case NGHTTP2_DATA.rawValue:
        if isLast { unsafe stream(session, header.stream_id)?.complete() }
    case NGHTTP2_RST_STREAM.rawValue:
        unsafe stream(session, header.stream_id)?.wasResetByPeer = true
    case NGHTTP2_GOAWAY.rawValue: owner.isGoingAway = true
    case NGHTTP2_SETTINGS.rawValue where UInt32(header.flags) & NGHTTP2_FLAG_ACK.rawValue == 0: owner.settingsReceived()
    default: break
    }
    owner.received(FloodLimits.Frame(type: header.type, flags: header.flags, length: header.length))
}
