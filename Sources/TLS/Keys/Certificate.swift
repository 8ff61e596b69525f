internal import COpenSSL
import Glibc

/// A certificate with its chain and its key, read from files.
@safe
package final class Certificate: @unchecked Sendable {
    let leaf: OpaquePointer
    let key: OpaquePointer
    /// From the issuer of the leaf upwards.
    private(set) var chain: [OpaquePointer] = unsafe []
    /// The DNS names that it is for, in lower case.
    package let names: [String]
    /// A response of the issuer's OCSP responder, to be stapled.
    let status: [UInt8]?
    /// What is worth a warning.
    let warning: TLSError?

    package init(_ files: CertificateFiles) throws(TLSError) {
        SecureMemory.prepare()
        let status = try files.status.map { (path) throws(TLSError) in try PEMFile.bytes(path, as: "OCSP response") }
        let file = try PEMFile(files.certificate)
        guard let leaf = unsafe file.nextCertificate() else {
            throw TLSError(
                "\(files.certificate) has no certificate", remedy: "it must be PEM (`-----BEGIN CERTIFICATE-----`), the server's own first")
        }
        let key: OpaquePointer
        do throws(TLSError) {
            unsafe key = try PEMFile.privateKey(files.key)
        } catch {
            unsafe X509_free(leaf)
            throw error
        }
        unsafe self.leaf = unsafe leaf
        unsafe self.key = unsafe key
        names = unsafe Certificate.names(of: leaf)
        warning = unsafe Certificate.warning(about: leaf, in: files.certificate)
        self.status = status
        while let next = unsafe file.nextCertificate() { unsafe chain.append(next) }
        ErrorQueue.clear()
        guard unsafe X509_check_private_key(leaf, key) == 1 else {
            ErrorQueue.clear()
            throw TLSError(
                "\(files.key) is not the key of \(files.certificate)", remedy: "name the key that the certificate was requested with")
        }
    }

    /// Takes over an `X509` and the `EVP_PKEY` that belongs to it.
    package init(taking leaf: OpaquePointer, key: OpaquePointer) {
        unsafe self.leaf = unsafe leaf
        unsafe self.key = unsafe key
        names = unsafe Certificate.names(of: leaf)
        status = nil
        warning = nil
    }

    deinit {
        unsafe X509_free(leaf)
        unsafe EVP_PKEY_free(key)
        for i in unsafe chain.indices { unsafe X509_free(chain[i]) }
    }

    /// `RSA`, `EC`, …: a context has one certificate of each kind.
    var kind: Int32 { unsafe EVP_PKEY_get_base_id(key) }

    private static func names(of leaf: OpaquePointer) -> [String] {
        guard let list = unsafe X509_get_ext_d2i(leaf, NID_subject_alt_name, nil, nil).map({ OpaquePointer($0) }) else { return [] }
        defer { unsafe GENERAL_NAMES_free(list) }
        var result: [String] = []
        let count = unsafe sluice_general_names(list)
        for i in 0..<count {
            guard let name = unsafe sluice_dns_name(list, i), let bytes = unsafe ASN1_STRING_get0_data(name) else { continue }
            let length = unsafe Int(ASN1_STRING_length(name))
            result.append(unsafe String(decoding: UnsafeBufferPointer(start: bytes, count: length), as: UTF8.self).lowercased())
        }
        return result
    }

    private static func warning(about leaf: OpaquePointer, in path: String) -> TLSError? {
        if unsafe X509_cmp_current_time(X509_get0_notAfter(leaf)) < 0 {
            return TLSError("\(path) has expired", remedy: "clients refuse it: renew the certificate")
        }
        if unsafe X509_cmp_current_time(X509_get0_notBefore(leaf)) > 0 {
            return TLSError("\(path) is not valid yet", remedy: "check the clock of this machine")
        }
        return nil
    }
}

/// Where a certificate and what belongs to it are.
package struct CertificateFiles: Sendable, Equatable {
    package var certificate: String
    package var key: String
    /// An OCSP response in DER.
    package var status: String?

    package init(certificate: String, key: String, status: String? = nil) {
        self.certificate = certificate
        self.key = key
        self.status = status
    }
}
