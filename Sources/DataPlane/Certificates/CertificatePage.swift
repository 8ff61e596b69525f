import Certificates
import Schema
import Telemetry

/// Automatic certificates as `GET /api/v1/certificates` tells, and as metrics.
enum CertificatePage {
    static func render(_ certificates: [CertificateStatus], leads: Bool) -> String {
        func time(_ seconds: Int64?) -> JSONValue { seconds.map { .integer(Int($0)) } ?? .null }
        let list = certificates.map { certificate -> JSONValue in
            .object([
                .init("names", .array(certificate.names.map { .string($0) })), .init("issuer", .string(certificate.issuer)),
                .init("issuedBy", .string(certificate.issuedBy)), .init("serial", .string(certificate.serial)),
                .init("expires", time(certificate.expires)), .init("renewal", time(certificate.renewal)),
                .init("onDemand", .boolean(certificate.isOnDemand)), .init("failures", .integer(certificate.failures)),
                .init("lastError", certificate.lastError.map { .string($0) } ?? .null), .init("retry", time(certificate.retry)),
            ])
        }
        return JSONValue.object([.init("leader", .boolean(leads)), .init("certificates", .array(list))]).text(pretty: true)
    }

    /// Certificates that have series of their own; more would cost scrapers more than they tell.
    private static let most = 1000

    static func write(_ certificates: [CertificateStatus], leads: Bool, to text: inout MetricsText) {
        let shown = certificates.prefix(most)
        func labels(_ certificate: CertificateStatus) -> [(String, String)] {
            [("certificate", certificate.names.first ?? ""), ("issuer", certificate.issuer)]
        }
        text.family("sluice_certificate_expiry_timestamp_seconds", .gauge, "When an automatic certificate expires; 0 before there is one.")
        for certificate in shown { text.sample(labels(certificate), Double(certificate.expires ?? 0)) }
        text.family("sluice_certificate_renewal_timestamp_seconds", .gauge, "When an automatic certificate is to be renewed.")
        for certificate in shown { if let renewal = certificate.renewal { text.sample(labels(certificate), Double(renewal)) } }
        text.family("sluice_certificate_failures", .gauge, "Failures to get an automatic certificate since the last success.")
        for certificate in shown { text.sample(labels(certificate), UInt64(max(0, certificate.failures))) }
        text.family("sluice_certificate_leader", .gauge, "1 on the gateway that asks the authorities.")
        text.sample([], leads ? 1 as UInt64 : 0)
    }
}
