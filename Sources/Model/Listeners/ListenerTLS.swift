package import Schema

/// How a listener speaks TLS.
package struct ListenerTLS: Settings {
    @Setting(
        "Chosen by the name that the client asks for; the first where none fits. RSA and ECDSA certificates for the same names stand side by side.")
    package var certificates: [ListenerCertificate] = []

    @Setting("Have certificates issued for the hosts of all APIs, each its own, and on demand where `acme.onDemand` allows it. Needs `acme`.")
    package var automatic: Bool = false

    @Setting("Oldest version that clients may speak.")
    package var minimumVersion: TLSMinimumVersion = .tls12

    @Setting("Cipher suites of TLS 1.2, as OpenSSL names them. Left out: Mozilla's intermediate recommendation.")
    package var ciphers: String?

    @Setting("Certificates that clients show.")
    package var clientCertificates: ClientCertificateSettings = ClientCertificateSettings()

    @Setting("From a connection to the end of its handshake.", .milliseconds(1) ... .seconds(3600))
    package var handshakeTimeout: Duration = .seconds(10)

    @Setting("Handshakes at a time; connections beyond are closed.", 1...10_000_000)
    package var handshakes: Int = 10_000

    package init() {}
}

package struct ListenerCertificate: Settings {
    @Setting("File in PEM: the server's certificate, then those between it and the authority's.")
    package var certificate: ConfigurationFile?

    @Setting("File in PEM: the certificate's key, without a password.")
    package var key: ConfigurationFile?

    @Setting("File in DER: a response of the authority's OCSP responder, given to clients that ask.")
    package var ocsp: ConfigurationFile?

    @Setting("In place of files: names that an issuer of `acme` makes one certificate for.")
    package var names: [HostPattern] = []

    @Setting("Issuer of the certificate for `names`. Left out: the first.")
    package var acme: String?

    package var origin = Origin()
    package init() {}
}

package enum TLSMinimumVersion: String, SettingChoice {
    case tls12 = "1.2"
    case tls13 = "1.3"
}

package struct ClientCertificateSettings: Settings {
    @Setting("`optional`: who shows a certificate must show a good one.")
    package var mode: ClientCertificateMode = .none

    @Setting("File in PEM: authorities whose certificates are good.")
    package var authorities: ConfigurationFile?

    @Setting("File in PEM: the authorities' lists of revoked certificates.")
    package var revocations: ConfigurationFile?

    package init() {}
}

package enum ClientCertificateMode: String, SettingChoice {
    case none, optional, required
}

extension Configuration {
    /// Files that are read when the configuration is applied and may change on their own, as certificates do. Keys are
    /// left out of `content`: they must not lie in ordinary memory, and no key changes without its certificate.
    package var tlsFiles: (content: [String], keys: [String]) {
        var content: [ConfigurationFile?] = []
        var keys: [ConfigurationFile] = []
        for tls in listeners.compactMap(\.tls) {
            for certificate in tls.certificates {
                content += [certificate.certificate, certificate.ocsp]
                if let key = certificate.key { keys.append(key) }
            }
            content += [tls.clientCertificates.authorities, tls.clientCertificates.revocations]
        }
        for tls in upstreams.compactMap(\.tls) {
            content += [tls.authorities, tls.certificate]
            if let key = tls.key { keys.append(key) }
        }
        content += (acme?.issuers ?? []).map(\.authorities)
        return (content.compactMap { $0?.path }, keys.map(\.path))
    }
}
