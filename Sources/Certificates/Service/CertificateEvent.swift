/// What is worth a line in the log.
package enum CertificateEvent: Sendable, Equatable {
    /// Times are RFC 3339.
    case issued(names: [String], issuer: String, expires: String)
    case failed(names: [String], issuer: String, error: String, retryAt: String)
    /// A certificate of the store can't be used.
    case unusable(names: [String], error: String)
    case storeFailed(String)
    /// Names on demand are refused because too many were asked for; told once a minute.
    case limited(name: String)
    case began(leading: Bool)
}

/// One certificate, for people. Times are seconds since 1970.
package struct CertificateStatus: Sendable, Equatable {
    package var names: [String]
    /// As the configuration calls it.
    package var issuer: String
    /// Who has signed it; empty before.
    package var issuedBy = ""
    package var serial = ""
    /// Nil before the first was issued.
    package var expires: Int64?
    package var renewal: Int64?
    package var isOnDemand = false
    /// Since the last success.
    package var failures = 0
    package var lastError: String?
    /// When the next try is made after a failure.
    package var retry: Int64?
}

extension CertificateStatus {
    init(_ record: CertificateRecord, _ renewal: RenewalSettings) {
        names = record.wanted.names
        issuer = record.wanted.issuer
        issuedBy = record.issuedBy
        serial = record.serial
        expires = record.version == nil ? nil : record.notAfter
        self.renewal = record.renewal(renewal)
        isOnDemand = record.isOnDemand
        failures = record.failures
        lastError = record.lastError
        retry = record.failures > 0 ? record.retryAt : nil
    }
}
