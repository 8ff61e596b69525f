/// How to speak TLS with a service that is called out to, before any file has been read.
package struct CalloutTLS: Sendable, Hashable {
    /// The name that is asked for (SNI) and checked, in place of the URL's host.
    package var serverName: String?
    /// A PEM file of the authorities to trust; nil trusts the system's, or those of `SSL_CERT_FILE`.
    package var authorities: String?
    /// PEM files of the certificate to show, with its chain, and of its key.
    package var certificate: String?
    package var key: String?
    /// False trusts every certificate: for trials only.
    package var verifies = true

    package init() {}
}

/// Why TLS can't be spoken as the settings say.
package struct CalloutTLSError: Error, Sendable {
    package let message: String
    package let remedy: String?

    package init(_ message: String, remedy: String? = nil) {
        self.message = message
        self.remedy = remedy
    }
}
