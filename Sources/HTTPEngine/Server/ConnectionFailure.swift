package import GatewayCore
package import Primitives

/// A client's connection that came to nothing: no exchange and no tunnel has begun on it, or it was cut.
package struct ConnectionFailure {
    package var reason: Reason
    package var client: IPAddress
    /// What is known beyond the reason, such as why a handshake has failed.
    package var detail: String?
}

extension HTTPServer {
    func failed(_ reason: Reason, _ client: IPAddress, _ detail: String? = nil) {
        connectionFailed?(ConnectionFailure(reason: reason, client: client, detail: detail))
    }
}

extension TCPServer {
    func failed(_ reason: Reason, _ client: IPAddress) {
        connectionFailed?(ConnectionFailure(reason: reason, client: client, detail: nil))
    }
}
