import GatewayCore
package import Primitives
package import Reactor

extension HTTP2ClientConnection: ConnectionHandler {
    package func connected() {
        isConnected = true
        connection?.deadline = .never
        beginWaiting()
        sendSoon()
    }

    package func drained() { send() }

    package func received(_ bytes: ByteView) {
        guard frames.read(bytes) else {
            settle()
            return failAll(GatewayError(.upstreamBadResponse, .upstream, frames.violation ?? "The upstream broke the HTTP/2 protocol."))
        }
        afterFrames()
    }

    package func inputEnded() { failAll(resetError("The upstream closed the connection.")) }

    package func lost(_ error: SystemError) {
        guard isConnected else { return failAll(GatewayError(.upstreamConnectFailed, .upstream, retry: .yes, "\(error).")) }
        failAll(resetError("\(error)."))
    }

    /// For streams whose response has not begun. The request may have been lost on the way only if the connection had
    /// served others before.
    private func resetError(_ detail: String) -> GatewayError { GatewayError(.upstreamReset, .upstream, retry: .ifReused, detail) }

    package func deadlineReached() {
        guard isConnected else { return failAll(GatewayError(.upstreamConnectTimeout, .upstream, retry: .yes)) }
        if streams.isEmpty { close() }
    }
}
