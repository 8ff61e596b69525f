import GatewayCore
import Primitives
import Reactor

/// A connection that has switched to another protocol: bytes pass as they are, and each direction ends by itself.
extension ServerConnection {
    /// Ends the head of a `101`. What the client has sent behind its request belongs to the tunnel already.
    func beginTunnel(_ exchange: Exchange, to out: ByteBuffer) {
        out.append("connection: upgrade\r\nupgrade: ")
        out.append(exchange.request.upgrade)
        out.append("\r\n")
        if exchange.request.asksForWebSocket, exchange.response.fields.first(ByteView(WebSocketHandshake.accept)) == nil,
            let key = exchange.request.fields.first(ByteView(WebSocketHandshake.key))
        {
            // The upstream speaks HTTP/2, where nobody answers keys.
            out.append(WebSocketHandshake.accept)
            out.append(": ")
            WebSocketHandshake.writeAccept(forKey: key, to: out)
            out.append("\r\n")
        }
        out.append("\r\n")
        phase = .tunnel
        writing = .tunnel
        keepAlive = false
        bodyIsWanted = true
        connection.deadline = .never
    }

    /// Passes everything on; answers how many bytes were used.
    func tunnel(_ bytes: ByteView) -> Int {
        guard let exchange else { return bytes.count }
        exchange.requestBytes += bytes.count
        if exchange.upstream?.requestBody(bytes) == false { bodyIsWanted = false }
        return bytes.count
    }

    /// The client sends no more; what it sent before goes first.
    func tunnelInputEnded() {
        guard kept == nil, phase == .tunnel, let exchange else { return }
        phase = .answered
        exchange.upstream?.requestEnd(trailers: nil)
        if writing != .tunnel { finish() }
    }

    /// The upstream sends no more. The other direction goes on until the client has ended it.
    func tunnelOutputEnded() {
        writing = .nothing
        if phase == .tunnel { connection.shutdownOutput() } else { finish() }
    }
}
