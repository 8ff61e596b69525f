import GatewayCore
import Primitives
import Reactor

extension ServerConnection {
    /// What every HTTP/2 client begins with (RFC 9113 §3.4).
    private static let preface: StaticString = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

    /// Looks for the preface at the beginning of a connection. True: these bytes are HTTP/1. False: more are needed, or
    /// they are somebody else's now.
    func preface(_ bytes: ByteView) -> Bool {
        let preface = ByteView(ServerConnection.preface)
        let seen = bytes.prefix(preface.count)
        guard seen == preface.prefix(seen.count) else {
            guard choice == .http2 else {
                choice = .http1
                return true
            }
            server.counters.protocolErrors += 1
            server.failed(.badPreface, peer)
            shutDown(.badPreface)
            return false
        }
        guard seen.count == preface.count else { return false }
        // The server forgets this object, and this object the connection.
        isClosed = true
        phase = .over
        server.serveHTTP2(connection, slot: slot, client: client)
        connection.handler?.received(bytes)
        return false
    }
}
