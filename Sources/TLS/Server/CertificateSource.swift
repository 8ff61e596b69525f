/// Certificates that come and go while a listener serves.
package protocol CertificateSource: AnyObject, Sendable {
    /// What there is for a name, in lower case, now; for an empty one what clients get that name no host. Called on event loops, in handshakes: must not wait.
    func lookUp(_ name: String, for purpose: CertificatePurpose) -> CertificateLookup

    /// Gets what `lookUp` said may come. `done` is called once, on any thread, when looking again has a result.
    func prepare(_ name: String, for purpose: CertificatePurpose, done: @escaping @Sendable () -> Void)
}

/// What a client wants of a certificate.
package enum CertificatePurpose: Hashable, Sendable {
    case service
    /// An authority looks whether the name is the listener's (TLS-ALPN-01, RFC 8737).
    case validation
}

package enum CertificateLookup: Sendable {
    case certificate(Certificate)
    case none
    /// It may be there later; the handshake waits for it, within its time-out.
    case later
}
