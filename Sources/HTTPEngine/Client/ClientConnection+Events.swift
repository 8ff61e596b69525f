import GatewayCore
package import Primitives
package import Reactor

extension ClientConnection: ConnectionHandler {
    package func connected() {
        reading = .idle
        connection?.deadline = loop.now + timeouts.idle
        let waiting = exchange
        exchange = nil
        if let waiting { start(waiting) } else { owner?.becameIdle(self) }
    }

    package func drained() {
        guard exchange != nil, sending != .idle else { return }
        setUploadDeadline()
        exchange?.downstream?.wantsRequestBody()
    }

    package func received(_ bytes: ByteView) {
        guard let exchange, reading != .idle else {
            // Nobody asked: whatever it is, no request may be answered with it.
            return close()
        }
        receivedSomething = true
        var at = 0
        if reading == .head {
            guard let end = head(bytes, exchange) else { return }
            at = end
        }
        body(bytes, from: at)
    }

    package func inputEnded() {
        guard exchange != nil else { return close() }
        switch reading {
        case .untilClose where connection?.inputWasCut ?? false:
            // Whoever is in between can end a connection, but not say in TLS that it has ended (RFC 9112 §9.8).
            fail(GatewayError(.upstreamIncomplete, .upstream, "The upstream closed the connection without ending TLS."))
        case .untilClose: exchange.map { complete($0, trailers: nil, excess: true) }
        case .head, .connecting, .idle: fail(resetBeforeHead("The upstream closed the connection."))
        case .length, .chunked:
            fail(GatewayError(.upstreamIncomplete, .upstream, "The upstream closed the connection inside the response body."))
        case .tunnel: tunnelInputEnded()
        case .ended: break
        }
    }

    package func lost(_ error: SystemError) {
        guard exchange != nil else { return close() }
        if let failure = tlsFailure(error) { return fail(failure) }
        switch reading {
        case .connecting: fail(GatewayError(.upstreamConnectFailed, .upstream, retry: .yes, "\(error)."))
        case .head, .idle: fail(resetBeforeHead("\(error)."))
        case .length, .chunked, .untilClose, .tunnel, .ended: fail(GatewayError(.upstreamIncomplete, .upstream, "\(error)."))
        }
    }

    private func resetBeforeHead(_ detail: String) -> GatewayError {
        let isSafe = !receivedSomething
        return GatewayError(.upstreamReset, .upstream, retry: isSafe ? .ifReused : .no, detail)
    }

    package func deadlineReached() {
        guard let exchange else { return close() }
        // Those who allow a tunnel bound its time.
        if reading == .tunnel || reading == .ended { return }
        if loop.now >= totalDeadline { return fail(GatewayError(exchange.overdue, .upstream)) }
        switch reading {
        case .connecting: fail(GatewayError(.upstreamConnectTimeout, .upstream, retry: .yes))
        case .idle: close()
        case .head where sending != .idle: fail(GatewayError(.upstreamIdleTimeout, .upstream, "The upstream took no more of the request body."))
        case .head: fail(GatewayError(.upstreamTimeout, .upstream))
        case .length, .chunked, .untilClose:
            // While the client is slow, its own time-out runs.
            if exchange.downstream?.isBackedUp ?? false {
                connection?.deadline = min(loop.now + timeouts.idle, totalDeadline)
            } else {
                fail(GatewayError(.upstreamIdleTimeout, .upstream))
            }
        case .tunnel, .ended: break
        }
    }

    // MARK: The response

    /// Parses the head; answers where the body begins in `bytes`, nil when there is nothing more to do now.
    private func head(_ bytes: ByteView, _ exchange: Exchange) -> Int? {
        var before = 0
        var input = bytes
        if let kept {
            before = kept.count
            kept.append(bytes)
            input = kept.view
        }
        var at = 0
        while true {
            switch ResponseHeadParser.parse(
                input.dropFirst(at), method: exchange.request.forwardMethod, maySwitch: exchange.tunnel == .asked, limits: limits,
                into: exchange.response)
            {
            case .incomplete:
                keepRest(input, from: at)
                return nil
            case .failed(let error):
                fail(error)
                return nil
            case .complete(let length):
                at += length
                if exchange.response.isInformational, exchange.response.status != 101 {
                    guard interim(exchange) else { return nil }
                    continue
                }
            }
            break
        }
        exchange.upstreamAnswered = loop.now
        exchange.tryDeadline = .never
        totalDeadline = exchange.end(within: timeouts.total)
        let response = exchange.response
        responseKeepAlive = response.keepAlive
        if exchange.tunnel == .asked {
            guard settleUpgrade(exchange) else { return nil }
        }
        switch response.framing {
        case .none: reading = .length(0)
        case .length(let count): reading = .length(count)
        case .chunked:
            reading = .chunked
            decoder = ChunkedDecoder()
        case .untilClose: reading = .untilClose
        }
        if exchange.tunnel == .open { reading = .tunnel }
        dropKept()
        connection?.deadline = reading == .tunnel ? .never : min(loop.now + timeouts.idle, totalDeadline)
        guard exchange.observer?.upstreamAnswered(exchange) ?? true else {
            // Unless the observer has let go of it by cancelling.
            if self.exchange === exchange {
                detach(exchange, failed: true)
                close()
            }
            return nil
        }
        exchange.downstream?.sendHead(exchange)
        return at - before
    }

    /// Passes a 1xx on; false when there were too many of them.
    private func interim(_ exchange: Exchange) -> Bool {
        interimResponses += 1
        guard interimResponses <= ClientConnection.mostInterimResponses else {
            fail(GatewayError(.upstreamBadResponse, .upstream, "More than \(ClientConnection.mostInterimResponses) interim responses."))
            return false
        }
        exchange.response.fields.removeHopByHop()
        exchange.downstream?.sendInformational(exchange)
        return true
    }

    private func keepRest(_ input: ByteView, from at: Int) {
        if let kept {
            kept.consume(at)
        } else {
            let buffer = loop.takeBuffer()
            buffer.append(input.dropFirst(at))
            kept = buffer
        }
    }

    private func dropKept() {
        guard let kept else { return }
        kept.clear()
        loop.giveBack(kept)
        self.kept = nil
    }

    private func body(_ bytes: ByteView, from start: Int) {
        guard let exchange, let downstream = exchange.downstream else { return }
        var at = start
        switch reading {
        case .length(let left):
            let piece = bytes.dropFirst(at).prefix(left)
            downstream.sendBody(piece)
            // Whoever takes the body may have ended the exchange.
            guard self.exchange === exchange else { return }
            reading = .length(left - piece.count)
            if left == piece.count {
                return complete(exchange, trailers: nil, excess: at + piece.count < bytes.count)
            }
        case .chunked:
            while true {
                switch decoder.next(bytes, at: &at) {
                case .data(let range):
                    downstream.sendBody(bytes[range])
                    guard self.exchange === exchange else { return }
                    continue
                case .end: return complete(exchange, trailers: decoder.takeTrailers(), excess: at < bytes.count)
                case .failed(let detail):
                    return fail(GatewayError(.upstreamBadResponse, .upstream, detail))
                case .more: break
                }
                break
            }
        case .untilClose, .tunnel:
            downstream.sendBody(bytes.dropFirst(at))
            guard self.exchange === exchange else { return }
        default: return
        }
        // An answer to the flush may have ended the exchange.
        let canTakeMore = downstream.flush()
        guard self.exchange === exchange else { return }
        if reading != .tunnel { connection?.deadline = min(loop.now + timeouts.idle, totalDeadline) }
        if !canTakeMore { connection?.isReading = false }
    }
}
