import GatewayCore
import Reactor
import TLS

extension ClientConnection {
    /// What TLS adds to a connection.
    struct Security {
        let stream: TLSStream
        let peer: TLSPeer
    }

    /// Why the connection was lost, when it is TLS that has failed. Nothing of the request has been worked on by then:
    /// a server that refuses the gateway's certificate says so as late as the first answer (RFC 8446 §4.4.2.4).
    func tlsFailure(_ error: SystemError) -> GatewayError? {
        guard let security, !receivedSomething else { return nil }
        if let refusal = security.peer.refusal { return GatewayError(.upstreamCertificateInvalid, .upstream, retry: .yes, refusal) }
        if let failure = security.stream.failure {
            return GatewayError(.upstreamTLSFailed, .upstream, retry: .yes, "The TLS handshake with the upstream failed: \(failure).")
        }
        guard reading == .connecting, security.stream.hasBegun else { return nil }
        return GatewayError(.upstreamTLSFailed, .upstream, retry: .yes, "The upstream left in the TLS handshake: \(error).")
    }
}
