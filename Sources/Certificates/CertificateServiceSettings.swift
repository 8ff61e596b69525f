package import Reactor

/// What the service of automatic certificates is to do, before any file has been read.
package struct CertificateServiceSettings: Sendable, Equatable {
    /// The folder of the store, which gateways may share.
    package var store: String
    package var issuers: [IssuerSettings]
    package var certificates: [WantedCertificate]
    package var onDemand: OnDemandSettings?

    package init(
        store: String, issuers: [IssuerSettings], certificates: [WantedCertificate], onDemand: OnDemandSettings? = nil
    ) {
        self.store = store
        self.issuers = issuers
        self.certificates = certificates
        self.onDemand = onDemand
    }
}

/// A certificate that is to be there at any time.
package struct WantedCertificate: Sendable, Hashable {
    /// Host names, or wildcards for one label, in lower case.
    package var names: [String]
    /// The name of the issuer.
    package var issuer: String

    package init(names: [String], issuer: String) {
        self.names = names
        self.issuer = issuer
    }
}

/// An authority, and how it is asked.
package struct IssuerSettings: Sendable, Equatable {
    package var name: String
    /// URL of the ACME directory.
    package var directory: String
    /// A PEM file of the authorities that the directory is trusted by; nil trusts the system's.
    package var authorities: String?
    /// URLs: `mailto:ops@example.com`.
    package var contact: [String] = []
    package var termsAgreed = false
    package var externalAccount: ExternalAccount?
    package var keyKind = KeyKind.ecdsaP256
    package var challenge = ChallengeMethod.http
    package var renewal = RenewalSettings()

    package init(name: String, directory: String) {
        self.name = name
        self.directory = directory
    }
}

/// How a name is proved to be the gateway's.
package enum ChallengeMethod: Sendable, Equatable {
    /// HTTP-01 (RFC 8555 §8.3): on port 80.
    case http
    /// TLS-ALPN-01 (RFC 8737): on port 443.
    case tls
    /// DNS-01 (RFC 8555 §8.4): a TXT record.
    case dns(DNSProvider, propagation: Nanoseconds)

    /// As ACME calls it.
    var type: String {
        switch self {
        case .http: "http-01"
        case .tls: "tls-alpn-01"
        case .dns: "dns-01"
        }
    }
}

/// Who sets TXT records.
package enum DNSProvider: Sendable, Equatable {
    /// A program, called with `present` or `cleanup`.
    case program(String)
    case update(DNSUpdateSettings)
    /// A URL that is posted to.
    case webhook(String, token: String?)
}

package struct RenewalSettings: Sendable, Equatable {
    /// The share of a certificate's life after which it is renewed.
    package var share = 2.0 / 3
    /// Renewals are spread over this share of life, so that certificates of one moment are not renewed in one moment.
    package var jitter = 0.05
    /// The authority's own wish counts (RFC 9773).
    package var asksAuthority = true

    package init() {}
}

/// Certificates for names that somebody asks for in a handshake.
package struct OnDemandSettings: Sendable, Equatable {
    package var issuer: String
    /// Host names, or `*.example.com` for every name below.
    package var allow: [String] = []
    /// A URL that answers 200 to `?domain=NAME` for names that may have one.
    package var ask: String?
    /// Most certificates that are asked for within a time.
    package var limit = 30
    package var window: Nanoseconds = .seconds(3600)

    package init(issuer: String) { self.issuer = issuer }
}
