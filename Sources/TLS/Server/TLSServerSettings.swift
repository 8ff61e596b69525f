/// What a listener asks of TLS.
package struct TLSServerSettings: Sendable, Equatable {
    /// The first is for clients that name no host, or an unknown one. At least one, unless there is a source.
    package var certificates: [CertificateFiles] = []
    /// Other certificates come from a source, while the listener serves.
    package var hasSource = false
    package var minimumVersion = TLSVersion.tls12
    /// Cipher suites of TLS 1.2, in OpenSSL's words.
    package var ciphers = TLSServerSettings.intermediate
    /// In the server's order of preference.
    package var protocols: [ApplicationProtocol] = [.http1]
    package var clients = ClientCertificates.none

    package init() {}

    package enum ClientCertificates: Sendable, Equatable {
        case none
        /// Who shows a certificate shows a good one.
        case optional(authorities: String, revocations: String?)
        case required(authorities: String, revocations: String?)
    }

    /// Mozilla's intermediate recommendation, version 5.7 (https://wiki.mozilla.org/Security/Server_Side_TLS), without
    /// finite-field key exchange.
    package static let intermediate = """
        ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
        ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305
        """
    static let groups = "X25519:P-256:P-384"
    /// Suites of TLS 1.3, all of them strong: the cheapest first.
    static let suites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
}
