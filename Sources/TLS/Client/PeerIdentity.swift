package import Primitives

/// Who a server must prove to be, once its certificate is known to be in order.
package enum PeerIdentity: Equatable, Sendable {
    /// Its certificate is for this name.
    case name(SubjectAltName)
    /// Its certificate has one of these names, exactly as they stand there or covered by a wildcard.
    case oneOf([SubjectAltName])
    /// Its certificate is an X.509-SVID of the trust domain, with one of the IDs; with any when there are none.
    case spiffe(trustDomain: String, ids: [SPIFFEID])
    /// There is nothing to know it by: it is never trusted.
    case unknown

    /// Why the certificate is not this identity's; nil when it is.
    package func objection(to certificate: CertificateFacts) -> String? {
        switch self {
        case .name(let name):
            certificate.names.contains { $0.covers(name) } ? nil : "expected the name \(name)"
        case .oneOf(let pinned):
            certificate.names.contains { found in pinned.contains { found.covers($0) } }
                ? nil : "expected one of the names \(pinned.map(\.description).joined(separator: ", "))"
        case .spiffe(let domain, let ids): PeerIdentity.objection(to: certificate, domain, ids)
        case .unknown: "expected a name, but neither the endpoint nor the settings of the upstream have one"
        }
    }

    /// The rules for leaf certificates: X509-SVID §2, §4 and §5.2.
    private static func objection(to certificate: CertificateFacts, _ domain: String, _ ids: [SPIFFEID]) -> String? {
        guard !certificate.isAuthority, !certificate.usage.signsCertificates, !certificate.usage.signsLists else {
            return "expected an X.509-SVID of a workload, and this is the certificate of an authority"
        }
        guard certificate.usage.isGiven, certificate.usage.signs else {
            return "expected an X.509-SVID, whose key usage has to include digitalSignature"
        }
        let uris = certificate.names.compactMap { if case .uri(let uri) = $0 { uri } else { nil } }
        guard uris.count == 1, certificate.uriCount == 1, let uri = uris.first else {
            return "expected an X.509-SVID, which has exactly one URI, and this has \(certificate.uriCount)"
        }
        guard let id = SPIFFEID(parsing: uri), !id.path.isEmpty else { return "expected an X.509-SVID, and the URI is no workload's SPIFFE ID" }
        guard id.trustDomain == domain else { return "expected the SPIFFE trust domain \(domain)" }
        guard ids.isEmpty || ids.contains(id) else {
            return "expected one of the SPIFFE IDs \(ids.map(\.description).joined(separator: ", "))"
        }
        return nil
    }
}
