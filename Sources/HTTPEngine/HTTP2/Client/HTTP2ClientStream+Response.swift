import GatewayCore
import Primitives
import Reactor

/// What arrives on the stream.
extension HTTP2ClientStream {
    static let mostInterimResponses = 32

    /// A field of the head, or of the trailers. False: the message is refused, and the exchange has been told.
    func received(name: ByteView, value: ByteView) -> Bool {
        guard let fields = collected else { return true }
        headBytes += name.count + value.count + 4
        guard headBytes <= limits.bytes, fields.count < limits.fields else {
            fail(GatewayError(.upstreamHeadersTooLarge, .upstream, "The response head is too large."))
            return false
        }
        if name[0] == UInt8(ascii: ":") { return receivedPseudo(name, value) }
        fields.append(KnownField.named(name), name: name, value)
        return true
    }

    /// The only one there is in responses, as nghttp2 has seen to; its number is for us to see to (RFC 9110 §15).
    private func receivedPseudo(_ name: ByteView, _ value: ByteView) -> Bool {
        guard name == ":status" else { return true }
        guard value.count == 3, let status = value.decimal, status >= 100 else {
            fail(GatewayError(.upstreamBadResponse, .upstream, "The status is not a number from 100 to 999."))
            return false
        }
        exchange?.response.status = status
        return true
    }

    private var trailerFields: HeaderFields {
        if let trailers { return trailers }
        let fields = HeaderFields()
        trailers = fields
        return fields
    }

    /// A block of fields begins.
    func headersBegin() {
        headBytes = 0
        guard let exchange else { return }
        if phase == .head { exchange.response.clear() }
        collected = phase == .head ? exchange.response.fields : trailerFields
    }

    /// A block of fields is complete.
    func headersEnd(isLast: Bool) {
        collected = nil
        guard let exchange, let session else { return }
        session.settle(but: self)
        if phase == .head {
            if exchange.response.isInformational { return interim(exchange) }
            guard head(exchange, session, isLast: isLast) else { return }
        }
        if isLast { complete() }
    }

    private func interim(_ exchange: Exchange) {
        interimResponses += 1
        guard interimResponses <= HTTP2ClientStream.mostInterimResponses else {
            return fail(GatewayError(.upstreamBadResponse, .upstream, "More than \(HTTP2ClientStream.mostInterimResponses) interim responses."))
        }
        exchange.response.majorVersion = 2
        exchange.response.minorVersion = 0
        exchange.response.fields.removeHopByHop()
        exchange.downstream?.sendInformational(exchange)
    }

    /// False: the exchange is no longer this stream's.
    private func head(_ exchange: Exchange, _ session: HTTP2ClientConnection, isLast: Bool) -> Bool {
        let response = exchange.response
        response.majorVersion = 2
        response.minorVersion = 0
        if exchange.tunnel == .asked, (200...299).contains(response.status) {
            openTunnel(exchange)
        } else if isLast || response.status == 204 || response.status == 304 || exchange.request.forwardMethod == .head {
            response.framing = .none
        } else if let length = response.fields[.contentLength]?.decimal {
            response.framing = .length(length)
        } else {
            response.framing = .chunked
        }
        phase = .body
        exchange.upstreamAnswered = loop.now
        exchange.tryDeadline = .never
        if exchange.tunnel != .open { totalDeadline = exchange.end(within: session.timeouts.total) }
        setDeadline(session.timeouts.idle)
        guard exchange.observer?.upstreamAnswered(exchange) ?? true else {
            // Unless the observer has let go of it by cancelling.
            if self.exchange === exchange {
                detach(exchange, failed: true)
                reset()
            }
            return false
        }
        guard self.exchange === exchange else { return false }
        session.gathered = self
        exchange.downstream?.sendHead(exchange)
        return self.exchange === exchange
    }

    func received(body: ByteView) {
        guard let exchange, let session else { return }
        session.settle(but: self)
        heldWindow += body.count
        session.gathered = self
        exchange.downstream?.sendBody(body)
    }

    /// The upstream has sent all of the response.
    func complete() {
        guard let exchange, let session else { return }
        session.settle(but: self)
        session.gathered = nil
        if exchange.tunnel == .open {
            finishTunnel(exchange)
        } else {
            let isUploading = upload != .complete
            detach(exchange, failed: false)
            // Nobody wants the rest of the request (RFC 9113 §8.1).
            if isUploading { reset() }
        }
        exchange.downstream?.sendEnd(trailers: trailers.flatMap { $0.count > 0 ? $0 : nil })
    }

    /// Hands what was gathered to the client.
    func flush() {
        guard let exchange, let session else { return }
        let canTakeMore = exchange.downstream?.flush() ?? true
        // An answer to the flush may have ended the exchange.
        guard self.exchange === exchange else { return }
        setDeadline(session.timeouts.idle)
        if canTakeMore { giveWindow() }
    }

    // MARK: Broken off

    /// nghttp2 has closed the stream.
    func closed(_ code: UInt32) {
        if exchange != nil { session?.settle() }
        if let exchange {
            let error = closeError(code)
            exchange.tryFailure = error.reason
            detach(exchange, failed: true)
            HTTP2ClientStream.report(exchange, error)
        }
        session?.remove(self)
    }

    private func closeError(_ code: UInt32) -> GatewayError {
        if wasNotSent || code == ErrorCode.refusedStream.rawValue {
            // The upstream has not begun to work on it (RFC 9113 §8.7).
            return GatewayError(.upstreamReset, .upstream, retry: .yes, "The upstream refused the stream.")
        }
        guard wasResetByPeer else { return GatewayError(.upstreamBadResponse, .upstream, "The upstream's HTTP/2 response is malformed.") }
        let name = ErrorCode(rawValue: code).map { "\($0)" } ?? "error \(code)"
        if phase == .body { return GatewayError(.upstreamIncomplete, .upstream, "The upstream reset the stream: \(name).") }
        return GatewayError(.upstreamReset, .upstream, "The upstream reset the stream: \(name).")
    }

    /// The connection is gone: gives the exchange back, if there is one, and what it is to be told.
    func letGo(of error: GatewayError) -> (exchange: Exchange, error: GatewayError)? {
        guard let exchange else { return nil }
        let isInside = phase == .body
        exchange.tryFailure = isInside ? .upstreamIncomplete : error.reason
        detach(exchange, failed: true)
        return (exchange, isInside ? GatewayError(.upstreamIncomplete, .upstream, error.detail) : error)
    }
}
