/// A certificate that a client has shown and that was found good: by a listener's TLS, or by a trusted proxy that passes it on.
package final class ClientCertificate: Sendable {
    /// In the form of RFC 4514, such as `CN=orders,O=Example`.
    package let subject: String
    package let issuer: String
    /// Hexadecimal digits in lower case.
    package let serial: String
    package let names: [SubjectAltName]
    /// The SPIFFE ID of a workload, where the certificate is an X.509-SVID (X509-SVID §2).
    package let spiffe: SPIFFEID?
    /// SHA-256 of the certificate in DER; empty where only its names were passed on.
    package let digest: [UInt8]
    /// The same in hexadecimal digits, in lower case.
    package let fingerprint: String
    /// Seconds since 1970; nil: not known.
    package let notAfter: Int64?

    package init(
        subject: String = "", issuer: String = "", serial: String = "", names: [SubjectAltName] = [], spiffe: SPIFFEID? = nil,
        digest: [UInt8] = [], notAfter: Int64? = nil
    ) {
        self.subject = subject
        self.issuer = issuer
        self.serial = serial
        self.names = names
        self.spiffe = spiffe
        self.digest = digest
        fingerprint = String(decoding: digest.flatMap { [ASCII.hexDigit($0 >> 4) | 0x20, ASCII.hexDigit($0 & 15) | 0x20] }, as: UTF8.self)
        self.notAfter = notAfter
    }
}
