import GatewayCore
package import Primitives
package import Reactor
import TLS

extension HTTP2ClientConnection: ConnectionHandler {
    package func connected() {
        if let security, security.stream.applicationProtocol != .http2 { return goOnOverHTTP1() }
        isConnected = true
        connection?.deadline = silence.begin(loop.now)
        beginWaiting()
        sendSoon()
    }

    package func drained() { send() }

    package func received(_ bytes: ByteView) {
        silence.hears(loop.now)
        guard frames.read(bytes) else {
            settle()
            return failAll(GatewayError(.upstreamBadResponse, .upstream, frames.violation ?? "The upstream broke the HTTP/2 protocol."))
        }
        afterFrames()
    }

    package func inputEnded() { failAll(resetError("The upstream closed the connection.")) }

    package func lost(_ error: SystemError) {
        if !hasSettings, let failure = security?.failure(error, isConnecting: !isConnected) { return failAll(failure) }
        guard isConnected else { return failAll(GatewayError(.upstreamConnectFailed, .upstream, retry: .yes, "\(error).")) }
        failAll(resetError("\(error)."))
    }

    /// For streams whose response has not begun. The request may have been lost on the way only if the connection had
    /// served others before.
    private func resetError(_ detail: String) -> GatewayError { GatewayError(.upstreamReset, .upstream, retry: .ifReused, detail) }

    package func deadlineReached() {
        guard isConnected else { return failAll(GatewayError(.upstreamConnectTimeout, .upstream, retry: .yes)) }
        guard !streams.isEmpty else { return close() }
        switch silence.look(loop.now) {
        case .wait(let moment): connection?.deadline = moment
        case .ask(let moment):
            frames.ping()
            sendSoon()
            connection?.deadline = moment
        case .gone: failAll(GatewayError(.upstreamReset, .upstream, "The upstream has not answered a PING."))
        }
    }
}
