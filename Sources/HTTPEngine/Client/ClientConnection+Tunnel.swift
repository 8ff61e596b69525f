import GatewayCore
import Primitives
import Reactor

/// Asking an upstream to switch protocols, and what is different once it has (RFC 9110 §7.8).
extension ClientConnection {
    /// Sends the head of a request that asks to switch.
    func askUpgrade(_ exchange: Exchange) {
        if exchange.request.asksForWebSocket, exchange.request.majorVersion >= 2 { WebSocketHandshake.complete(exchange.request) }
        HeadWriter.write(exchange.request, asksUpgrade: true, to: loop.output)
        sending = .idle
        flushOutput()
        setDeadline(timeouts.response)
    }

    /// The final answer is there: the tunnel is open, or the response is like any other. False: the answer is refused.
    func settleUpgrade(_ exchange: Exchange) -> Bool {
        guard exchange.response.status == 101 else {
            exchange.tunnel = .none
            return true
        }
        guard let upgrade = exchange.response.fields[.upgrade], upgrade.equalsIgnoringCase(exchange.request.upgrade) else {
            return refuse("It switches to another protocol than it was asked to.")
        }
        // A client of HTTP/1 checks the answer to its own key.
        if exchange.request.asksForWebSocket, exchange.request.majorVersion >= 2 {
            guard WebSocketHandshake.isAccepted(exchange.response, of: exchange.request) else {
                return refuse("Sec-WebSocket-Accept does not answer the key.")
            }
            // Nor does a client of HTTP/2 know of any.
            exchange.response.fields.remove(named: ByteView(WebSocketHandshake.accept))
        }
        exchange.tunnel = .open
        sending = .tunnel
        responseKeepAlive = false
        totalDeadline = .never
        return true
    }

    private func refuse(_ detail: String) -> Bool {
        fail(GatewayError(.upstreamBadResponse, .upstream, detail))
        return false
    }

    /// The upstream sends no more; what the client sends still goes to it.
    func tunnelInputEnded() {
        guard let exchange else { return close() }
        if sending == .tunnel {
            reading = .ended
            exchange.downstream?.sendEnd(trailers: nil)
        } else {
            detach(exchange, failed: false)
            close(gracefully: true)
            exchange.downstream?.sendEnd(trailers: nil)
        }
    }

    /// The client sends no more; what the upstream sends still goes to it.
    func tunnelOutputEnded() {
        sending = .idle
        flushOutput()
        if reading == .ended {
            if let exchange { detach(exchange, failed: false) }
            close(gracefully: true)
        } else {
            connection?.shutdownOutput()
        }
    }
}
