package import Primitives

/// How to speak TLS with a server, before any file has been read.
package struct TLSClientSettings: Sendable, Equatable {
    /// The name that is asked for (SNI, RFC 6066 §3) and checked, in place of the endpoint's.
    package var serverName: String?
    /// A PEM file of the authorities to trust; nil trusts the system's.
    package var authorities: String?
    /// PEM files of the certificate, with its chain, and of its key, that servers may ask for.
    package var certificate: String?
    package var key: String?
    /// With any of these, a certificate needs one of them, and no other name is checked.
    package var subjectAltNames: [SubjectAltName] = []
    package var spiffe: SPIFFEPeer?
    package var minimumVersion = TLSVersion.tls12
    package var verifies = true
    /// Protocols to offer (ALPN, RFC 7301), the preferred first.
    package var protocols: [ApplicationProtocol] = []

    package init() {}

    /// Who has to be at the other end of a connection to `host`.
    func identity(of host: TLSHost) -> PeerIdentity {
        if let spiffe { return .spiffe(trustDomain: spiffe.trustDomain, ids: spiffe.ids) }
        if !subjectAltNames.isEmpty { return .oneOf(subjectAltNames) }
        if let serverName { return .name(.dns(serverName.lowercased())) }
        switch host {
        case .name(let name): return .name(.dns(name.lowercased()))
        case .address(let address): return .name(.ip(address))
        case .unnamed: return .unknown
        }
    }

    /// Addresses are never asked for by SNI (RFC 6066 §3).
    func nameToAskFor(of host: TLSHost) -> String? {
        if let serverName { return serverName }
        if case .name(let name) = host { return name }
        return nil
    }
}

/// A workload of a SPIFFE trust domain.
package struct SPIFFEPeer: Sendable, Equatable {
    package var trustDomain: String
    /// Any workload of the domain when there are none.
    package var ids: [SPIFFEID]

    package init(trustDomain: String, ids: [SPIFFEID]) {
        self.trustDomain = trustDomain
        self.ids = ids
    }
}
