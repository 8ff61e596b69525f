internal import COpenSSL
private import Glibc
package import Primitives

extension ClientCertificate {
    /// Reads a certificate in DER. Nil: it is none, or something stands behind it.
    package convenience init?(der: [UInt8]) {
        let certificate = unsafe der.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            var at = bytes.baseAddress
            guard let found = unsafe d2i_X509(nil, &at, bytes.count) else { return nil }
            guard let at = unsafe at, let base = bytes.baseAddress, unsafe at - base == bytes.count else {
                unsafe X509_free(found)
                return nil
            }
            return unsafe found
        }
        ErrorQueue.clear()
        guard let certificate = unsafe certificate else { return nil }
        defer { unsafe X509_free(certificate) }
        unsafe self.init(certificate)
    }

    /// Nil only when memory is short.
    @unsafe convenience init?(_ certificate: OpaquePointer) {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        guard unsafe X509_digest(certificate, EVP_sha256(), &digest, &length) == 1 else { return nil }
        let facts = unsafe CertificateFacts(certificate)
        unsafe self.init(
            subject: ClientCertificate.text(X509_get_subject_name(certificate)), issuer: ClientCertificate.text(X509_get_issuer_name(certificate)),
            serial: ClientCertificate.number(X509_get0_serialNumber(certificate)), names: facts.names, spiffe: facts.workload,
            digest: Array(digest.prefix(Int(length))), notAfter: ClientCertificate.seconds(X509_get0_notAfter(certificate)))
    }

    /// A distinguished name as RFC 4514 writes it, in UTF-8.
    private static func text(_ name: OpaquePointer?) -> String {
        guard let out = unsafe BIO_new(BIO_s_mem()) else { return "" }
        defer { unsafe BIO_free(out) }
        guard let name = unsafe name, unsafe sluice_write_name(out, name) >= 0 else { return "" }
        var bytes: UnsafePointer<UInt8>?
        let count = unsafe sluice_memory(out, &bytes)
        return unsafe String(decoding: UnsafeBufferPointer(start: bytes, count: max(0, count)), as: UTF8.self)
    }

    private static func number(_ serial: UnsafePointer<ASN1_INTEGER>?) -> String {
        guard let serial = unsafe serial, let number = unsafe ASN1_INTEGER_to_BN(serial, nil) else { return "" }
        defer { unsafe BN_free(number) }
        guard let text = unsafe BN_bn2hex(number) else { return "" }
        defer { unsafe sluice_free(text) }
        return unsafe String(cString: text).lowercased()
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64? {
        var parts = unsafe tm()
        guard let time = unsafe time, unsafe ASN1_TIME_to_tm(time, &parts) == 1 else { return nil }
        return unsafe Int64(timegm(&parts))
    }
}

extension CertificateFacts {
    /// The workload that an X.509-SVID is for (X509-SVID §2, §4): exactly one URI, a SPIFFE ID with a path, in a certificate that
    /// signs no others.
    package var workload: SPIFFEID? {
        guard uriCount == 1, !isAuthority, !usage.signsCertificates else { return nil }
        for case .uri(let uri) in names {
            guard let id = SPIFFEID(parsing: uri), !id.path.isEmpty else { return nil }
            return id
        }
        return nil
    }
}
