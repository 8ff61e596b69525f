import Model
import TLS

extension TLSClientSettings {
    init(_ tls: UpstreamTLS, protocols: [ApplicationProtocol]) {
        self.init()
        serverName = tls.serverName?.text
        authorities = tls.authorities?.path
        certificate = tls.certificate?.path
        key = tls.key?.path
        subjectAltNames = tls.subjectAltNames
        spiffe = tls.spiffe.map { SPIFFEPeer(trustDomain: $0.trustDomain.text, ids: $0.ids) }
        minimumVersion = tls.minimumVersion == .v13 ? .tls13 : .tls12
        verifies = tls.verify
        self.protocols = protocols
    }
}

extension UpstreamProtocol {
    /// What is offered in a handshake, the preferred first.
    var overTLS: [ApplicationProtocol] {
        switch self {
        case .http1: [.http1]
        case .h2, .h2c: [.http2]
        case .auto: [.http2, .http1]
        }
    }
}
