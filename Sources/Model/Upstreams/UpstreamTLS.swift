package import Primitives
package import Schema

/// TLS towards an upstream. That the group is there turns it on.
package struct UpstreamTLS: Settings {
    @Setting("Name to ask for (SNI) and to check. Left out: the endpoint's host name; an endpoint that is an address is checked by that.")
    package var serverName: ServerName?

    @Setting("PEM file of the authorities to trust. Left out: the system's.")
    package var authorities: ConfigurationFile?

    @Setting("PEM file of the certificate to show, with its chain. Needs `key`.")
    package var certificate: ConfigurationFile?

    @Setting("PEM file of the certificate's key, without a password.")
    package var key: ConfigurationFile?

    @Setting("Names (DNS, IP, URI) of which the certificate must have one; no other name is checked then.")
    package var subjectAltNames: [SubjectAltName] = []

    @Setting("The certificate must be an X.509-SVID of SPIFFE; `authorities` is the trust bundle.")
    package var spiffe: SPIFFESettings?

    @Setting("Lowest version of TLS that is spoken.")
    package var minimumVersion: TLSMinimumVersion = .tls12

    @Setting("False trusts every certificate: for trials only.")
    package var verify: Bool = true

    package init() {}
}

package struct SPIFFESettings: Settings {
    @Setting("Trust domain, such as `prod.example.com`.")
    package var trustDomain: TrustDomain

    @Setting("SPIFFE IDs that may answer. Left out: every workload of the trust domain.")
    package var ids: [SPIFFEID] = []

    package init() {}
}

/// The name of a host, as TLS asks for it.
package struct ServerName: Hashable, Sendable, ParsedText {
    package let text: String

    package init?(parsing text: String) {
        guard HostName.isValid(text) else { return nil }
        self.text = text.lowercased()
    }

    package static var expectation: String { "a host name such as orders.internal, without port" }
    package static var shape: SettingShape { .text(name: "host", pattern: nil, examples: ["orders.internal"]) }
}

package struct TrustDomain: Hashable, Sendable, ParsedText {
    package let text: String

    package init?(parsing text: String) {
        guard SPIFFEID.isTrustDomain(text) else { return nil }
        self.text = text
    }

    package static var expectation: String { "a SPIFFE trust domain such as prod.example.com: lower case, without `spiffe://`" }
    package static var shape: SettingShape { .text(name: "domain", pattern: #"^[a-z0-9._-]{1,255}$"#, examples: ["prod.example.com"]) }
}

extension SPIFFEID: ParsedText {
    package static var expectation: String { "a SPIFFE ID such as spiffe://prod.example.com/orders" }
    package static var shape: SettingShape {
        .text(name: "SPIFFE ID", pattern: "^spiffe://", examples: ["spiffe://prod.example.com/orders"])
    }
    package var text: String { description }
}

extension SubjectAltName: ParsedText {
    package static var expectation: String {
        "a host name, an address or a URI, such as orders.internal, 10.0.0.1 or spiffe://prod.example.com/orders"
    }
    package static var shape: SettingShape { .text(name: "name", pattern: nil, examples: ["orders.internal", "10.0.0.1"]) }
}
