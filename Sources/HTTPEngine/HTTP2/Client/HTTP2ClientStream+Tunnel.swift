import GatewayCore
import Reactor

/// Other protocols inside a stream: extended CONNECT (RFC 8441).
extension HTTP2ClientStream {
    /// Whether the request may be submitted now: what the upstream's SETTINGS say decides about tunnels.
    var mayBegin: Bool { exchange?.tunnel != .asked || session?.hasSettings ?? false }

    /// The upstream has switched, which everybody else knows as 101.
    func openTunnel(_ exchange: Exchange) {
        exchange.tunnel = .open
        exchange.response.status = 101
        exchange.response.framing = .none
        // A tunnel lasts as long as there is something in it.
        totalDeadline = .never
    }

    /// The upstream has ended its direction. What the client has sent until now still goes to it.
    func finishTunnel(_ exchange: Exchange) {
        guard upload == .open else { return detach(exchange, failed: false, keepingUnsent: upload == .ended) }
        detach(exchange, failed: false, keepingUnsent: true)
        upload = .ended
        session?.frames.resume(id)
        session?.sendSoon()
    }
}
