package import Schema

/// Automatic certificates.
package struct ACMESettings: Settings {
    @Setting(
        "Folder of accounts, keys, certificates and challenges; it is made when it is not there. Gateways that share it divide the work: one asks the authority, all answer its challenges and serve what it has issued."
    )
    package var store: ConfigurationFolder

    @Setting("Authorities that certificates are asked of. The first is for certificates that name none.")
    package var issuers: [CertificateIssuer]

    @Setting("Certificates for names that somebody asks for in a handshake, on listeners with `tls.automatic`. Left out: none.")
    package var onDemand: OnDemandCertificates?

    package init() {}
}

/// An authority that speaks ACME (RFC 8555).
package struct CertificateIssuer: Settings {
    @Setting("Name that certificates use.")
    package var name: String

    @Setting("URL of its ACME directory. Left out: Let's Encrypt.")
    package var directory: String = "https://acme-v02.api.letsencrypt.org/directory"

    @Setting("PEM file of the authorities that the directory's own certificate is trusted by. Left out: the system's.")
    package var authorities: ConfigurationFile?

    @Setting("Mail addresses that the authority may write to.")
    package var contact: [String] = []

    @Setting("You have read the authority's terms of service, and agree.")
    package var termsAgreed: Bool = false

    @Setting("An account that you have with the authority already, where it wants one (external account binding).")
    package var externalAccount: ExternalAccountSettings?

    @Setting("Kind of the certificates' keys.")
    package var keyType: CertificateKeyType = .ecdsaP256

    @Setting(
        "How names are proved to be yours. `http-01`: the authority fetches a file from port 80. `tls-alpn-01`: it looks at a certificate on port 443. `dns-01`: it looks at a TXT record; the only way to wildcards."
    )
    package var challenge: ACMEChallengeType = .http01

    @Setting("Who sets TXT records, for `dns-01`.")
    package var dns: DNSChallengeSettings?

    @Setting("When certificates are renewed.")
    package var renewal: CertificateRenewal = CertificateRenewal()

    package var origin = Origin()
    package init() {}
}

package enum CertificateKeyType: String, SettingChoice {
    case ecdsaP256 = "ecdsa-p256"
    case rsa2048
}

package enum ACMEChallengeType: String, SettingChoice {
    case http01 = "http-01"
    case tlsALPN01 = "tls-alpn-01"
    case dns01 = "dns-01"
}

package struct ExternalAccountSettings: Settings {
    @Setting("Key id that the authority gave you.")
    package var keyId: String

    @Setting("MAC key that the authority gave you: base64url text.")
    package var macKey: String

    package init() {}
}

package struct CertificateRenewal: Settings {
    @Setting("Share of a certificate's life after which it is renewed.", .percent(1) ... .percent(99))
    package var after: Share = .percent(66.7)

    @Setting(
        "Share of life over which renewals are spread, so that certificates of one moment are not renewed in one moment.",
        .percent(0) ... .percent(50))
    package var jitter: Share = .percent(5)

    @Setting("Ask the authority when it would like the certificate to be renewed (RFC 9773), and do as it says.")
    package var ask: Bool = true

    package init() {}
}

/// Certificates for names that are not known before somebody asks for them.
package struct OnDemandCertificates: Settings {
    @Setting("Issuer. Left out: the first.")
    package var issuer: String?

    @Setting("Names that may have a certificate: `shop.example.com`, or `*.example.com` for every name below.")
    package var allow: [HostPattern] = []

    @Setting("URL that is asked with `?domain=NAME` and answers 2xx for names that may have a certificate. With `allow`, both have to allow a name.")
    package var ask: String?

    @Setting("Certificates asked for within `window`, by all gateways of the store.", 1...100_000)
    package var limit: Int = 30

    @Setting("Window of `limit`.", .seconds(1) ... .seconds(7 * 86400))
    package var window: Duration = .seconds(3600)

    package init() {}
}
