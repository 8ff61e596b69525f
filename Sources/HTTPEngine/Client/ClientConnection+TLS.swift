import GatewayCore
private import Glibc
import Reactor
import TLS

extension ClientConnection {
    /// What TLS adds to a connection.
    package struct Security {
        let stream: TLSStream
        let peer: TLSPeer

        init?(_ tls: TLSEndpoint?, sessions: TLSSessions?) throws(SystemError) {
            guard let tls else { return nil }
            guard let (stream, peer) = tls.stream(sessions: sessions) else { throw SystemError("TLS", code: ENOMEM) }
            self.stream = stream
            self.peer = peer
        }

        /// Why the connection was lost before anything came, when it is TLS that has failed.
        func failure(_ error: SystemError, isConnecting: Bool) -> GatewayError? {
            if let refusal = peer.refusal { return GatewayError(.upstreamCertificateInvalid, .upstream, retry: .yes, refusal) }
            if let failure = stream.failure {
                return GatewayError(.upstreamTLSFailed, .upstream, retry: .yes, "The TLS handshake with the upstream failed: \(failure).")
            }
            guard isConnecting, stream.hasBegun else { return nil }
            return GatewayError(.upstreamTLSFailed, .upstream, retry: .yes, "The upstream left in the TLS handshake: \(error).")
        }
    }

    /// Why the connection was lost, when it is TLS that has failed. Nothing of the request has been worked on by then:
    /// a server that refuses the gateway's certificate says so as late as the first answer (RFC 8446 §4.4.2.4).
    func tlsFailure(_ error: SystemError) -> GatewayError? {
        guard let security, !receivedSomething else { return nil }
        return security.failure(error, isConnecting: reading == .connecting)
    }
}
