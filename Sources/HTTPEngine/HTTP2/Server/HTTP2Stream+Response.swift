import CNghttp2
import GatewayCore
import Primitives
import Reactor
import TLS

extension HTTP2Stream: Downstream {
    /// More than this, and the upstream is asked to wait; from half of it on, `flush` does not wait for the turn's end.
    static let mostWaiting = 64 << 10

    var isBackedUp: Bool { body.count >= HTTP2Stream.mostWaiting }
    var certificate: ClientCertificate? { (owner.connection.layer as? TLSStream)?.certificate }

    func sendInformational(_ exchange: Exchange) {
        guard !exchange.responseStarted, !owner.isClosed, let session = unsafe owner.session else { return }
        let block = owner.server.fieldBlock
        block.clear()
        block.append(":status", decimal: exchange.response.status)
        block.append(exchange.response.fields)
        unsafe block.withPairs {
            _ = unsafe nghttp2_submit_headers(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, nil, $0, $1, nil)
        }
        owner.schedule()
    }

    func sendHead(_ exchange: Exchange) {
        guard self.exchange === exchange, !owner.isClosed, let session = unsafe owner.session else { return }
        let response = exchange.response
        exchange.responseStarted = true
        let isSwitch = exchange.tunnel == .open && response.status == 101
        exchange.status = response.status
        let block = owner.server.fieldBlock
        block.clear()
        // A tunnel is open with 200 here (RFC 8441 §5).
        block.append(":status", decimal: isSwitch ? 200 : response.status)
        block.append(response.fields)
        if !response.fields.contains(.date) { block.append("date", owner.loop.httpDate) }
        if let value = owner.server.transportSecurity(for: response) { block.append("strict-transport-security", value) }
        if isSwitch { writing = .open } else { addFraming(exchange, to: block) }
        unsafe block.withPairs { pairs, count in
            if writing == .none || writing == .length(0) {
                _ = unsafe nghttp2_submit_response(session, id, pairs, count, nil)
            } else {
                hasSource = true
                var source = unsafe SessionSetup.bodySource
                _ = unsafe nghttp2_submit_response(session, id, pairs, count, &source)
            }
        }
        owner.schedule()
    }

    private func addFraming(_ exchange: Exchange, to block: FieldBlock) {
        let response = exchange.response
        if exchange.request.method == .head || response.status == 204 || response.status == 304 {
            writing = .none
            // What a GET would have had stays visible (RFC 9110 §8.6); 204 has none.
            guard response.status != 204 else { return }
            if let length = response.fields[.contentLength] {
                block.append("content-length", length)
            } else if case .length(let count) = response.framing, exchange.request.method == .head {
                block.append("content-length", decimal: count)
            }
            return
        }
        switch response.framing {
        case .length(let count):
            writing = .length(count)
            block.append("content-length", decimal: count)
        case .none:
            writing = .length(0)
            // An HTTP/2 upstream that ended its response with the head has said no more than that.
            if response.majorVersion == 1 { block.append("content-length", decimal: 0) }
        case .chunked, .untilClose: writing = .open
        }
    }

    func sendBody(_ bytes: ByteView) {
        guard let exchange, !bytes.isEmpty else { return }
        switch writing {
        case .nothing, .none, .over: return
        case .length(let left):
            let piece = bytes.prefix(left)
            writing = .length(left - piece.count)
            append(piece, of: exchange)
        case .open: append(bytes, of: exchange)
        }
    }

    private func append(_ bytes: ByteView, of exchange: Exchange) {
        exchange.responseBytes += bytes.count
        if body.isEmpty { waitsSince = owner.loop.now }
        body.append(bytes)
        resume()
    }

    /// Tells the session that there is something again.
    private func resume() {
        guard isDeferred, !owner.isClosed, let session = unsafe owner.session else { return }
        isDeferred = false
        unsafe nghttp2_session_resume_data(session, id)
    }

    func sendEnd(trailers: HeaderFields?) {
        guard let exchange else { return }
        if case .length(let left) = writing, left > 0 {
            return abort(GatewayError(.internalError, .gateway, "The response is shorter than announced."))
        }
        if let trailers, hasSource { keepTrailers(trailers) }
        bodyIsComplete = true
        writing = .over
        resume()
        owner.schedule()
        if exchange.tunnel == .open, owesEnd {
            // The client ends its own direction.
            waitsSince = owner.loop.now
        } else {
            finish(exchange)
        }
    }

    private func keepTrailers(_ trailers: HeaderFields) {
        let fields = responseTrailers ?? HeaderFields()
        responseTrailers = fields
        for i in 0..<trailers.count where !trailers.isRemoved(at: i) {
            fields.append(trailers.known(at: i), name: trailers.name(at: i), trailers.value(at: i))
            hasResponseTrailers = true
        }
    }

    /// The response is complete and handed over.
    private func finish(_ exchange: Exchange) {
        if owesEnd {
            // The rest of the body is of no use to anybody.
            let upstream = exchange.upstream
            exchange.upstream = nil
            upstream?.cancel(GatewayError(.clientClosed))
        }
        release(exchange)
    }

    func abort(_ error: GatewayError) {
        if exchange?.error == nil { exchange?.error = error }
        if endsCall(error) { return }
        body.clear()
        resetStream(ErrorCode(error.reason))
        letGo(error)
    }

    func hangUp(_ error: GatewayError) {
        if exchange?.error == nil { exchange?.error = error }
        owner.shutDown(error.reason, reset: true)
    }

    /// A caller of gRPC whose time is over finds that behind what has come, rather than that the stream was reset.
    private func endsCall(_ error: GatewayError) -> Bool {
        guard let exchange, exchange.call == .grpc, writing == .open, !owner.isClosed, CallStatus(error) == .deadlineExceeded else { return false }
        let trailers = HeaderFields()
        trailers.append(.other, name: CallField.status) { $0.append(decimal: Int(CallStatus.deadlineExceeded.rawValue)) }
        trailers.append(.other, name: CallField.message) { CallMessage.write(error.detail, to: $0) }
        sendEnd(trailers: trailers)
        return true
    }

    @discardableResult func flush() -> Bool {
        guard body.count >= HTTP2Stream.mostWaiting / 2 else {
            owner.schedule()
            return true
        }
        owner.pump()
        if !isBackedUp { return true }
        wantsWritable = true
        return false
    }

    // MARK: Called by the session

    enum Piece { case wait, piece(Int), last(Int) }

    /// How much of the body goes into a frame with room for `room` bytes.
    func nextPiece(_ room: Int) -> Piece {
        let count = min(room, body.count)
        if count == body.count, bodyIsComplete { return .last(count) }
        if count > 0 { return .piece(count) }
        isDeferred = true
        return .wait
    }

    func moveBody(_ count: Int, to out: ByteBuffer) {
        out.append(body.view.prefix(count))
        body.consume(count)
        waitsSince = body.isEmpty && !bodyIsWanted ? .never : owner.loop.now
        guard wantsWritable, body.count <= HTTP2Stream.mostWaiting / 2, !isListedWritable else { return }
        wantsWritable = false
        isListedWritable = true
        owner.writable.append(self)
        owner.schedule()
    }

    /// True: trailers follow the last DATA frame.
    func submitTrailers() -> Bool {
        guard hasResponseTrailers, let fields = responseTrailers, let session = unsafe owner.session else { return false }
        let block = owner.server.fieldBlock
        block.clear()
        block.append(fields)
        return unsafe block.withPairs { unsafe nghttp2_submit_trailer(session, id, $0, $1) == 0 }
    }

    /// END_STREAM is out. A client that still sends is told to stop (RFC 9113 §8.1).
    func outputEnded() {
        if !inputHasEnded, exchange == nil { resetStream(.noError) }
    }
}
