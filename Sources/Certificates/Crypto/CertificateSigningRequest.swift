internal import COpenSSL

/// A request for a certificate (RFC 2986), which proves that the key is there.
enum CertificateSigningRequest {
    /// In DER. The names are host names, or wildcards for one label.
    static func make(for names: [String], key: PrivateKey) throws(CryptoFailure) -> [UInt8] {
        ERR_clear_error()
        guard let request = unsafe X509_REQ_new() else { throw CryptoFailure("no memory for a certificate request") }
        defer { unsafe X509_REQ_free(request) }
        let list = names.map { "DNS:\($0)" }.joined(separator: ",")
        guard unsafe X509_REQ_set_version(request, 0) == 1, unsafe X509_REQ_set_pubkey(request, key.handle) == 1,
            unsafe sluice_request_names(request, list) == 1, unsafe X509_REQ_sign(request, key.handle, EVP_sha256()) > 0
        else { throw CryptoFailure("no certificate can be requested") }
        let length = unsafe i2d_X509_REQ(request, nil)
        guard length > 0 else { throw CryptoFailure("a certificate request can't be encoded") }
        var bytes = [UInt8](repeating: 0, count: Int(length))
        unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            var start = buffer.baseAddress
            unsafe i2d_X509_REQ(request, &start)
        }
        return bytes
    }
}
