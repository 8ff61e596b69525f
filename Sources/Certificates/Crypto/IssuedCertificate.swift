internal import COpenSSL
private import Glibc
internal import Identity

/// What the first certificate of a chain says. Times are seconds since 1970.
struct IssuedCertificate: Equatable, Sendable {
    /// In lower case.
    var names: [String] = []
    var issuer = ""
    var notBefore: Int64 = 0
    var notAfter: Int64 = 0
    /// Hexadecimal, as OpenSSL and authorities show it.
    var serial = ""
    /// Names the certificate in renewal information (RFC 9773 §4.1); nil without an authority key identifier.
    var renewalID: String?

    /// Reads a chain in PEM, the server's own certificate first, which has to be of `key`.
    init(chain: [UInt8], key: PrivateKey? = nil) throws(CryptoFailure) {
        ERR_clear_error()
        guard let memory = unsafe BIO_new_mem_buf(chain, Int32(clamping: chain.count)) else { throw CryptoFailure("no memory for a chain") }
        defer { unsafe BIO_free(memory) }
        guard let leaf = unsafe PEM_read_bio_X509(memory, nil, nil, nil) else { throw CryptoFailure("what was issued is no certificate") }
        defer { unsafe X509_free(leaf) }
        if let key, unsafe X509_check_private_key(leaf, key.handle) != 1 { throw CryptoFailure("what was issued is for another key") }
        guard let begin = unsafe IssuedCertificate.time(X509_get0_notBefore(leaf)),
            let end = unsafe IssuedCertificate.time(X509_get0_notAfter(leaf)), end > begin
        else { throw CryptoFailure("the certificate has no period") }
        notBefore = begin
        notAfter = end
        names = unsafe IssuedCertificate.names(of: leaf)
        issuer = unsafe IssuedCertificate.commonName(X509_get_issuer_name(leaf))
        let number = unsafe IssuedCertificate.bytes(of: X509_get0_serialNumber(leaf))
        serial = number.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let keyID = unsafe IssuedCertificate.bytes(of: X509_get0_authority_key_id(leaf))
        guard !keyID.isEmpty, let first = number.first else { return }
        // As DER has the number: with a zero in front where the first bit is set.
        renewalID = "\(Base64URL.encode(keyID)).\(Base64URL.encode(first >= 0x80 ? [0] + number : number))"
    }

    private static func time(_ time: UnsafePointer<ASN1_TIME>?) -> Int64? {
        var parts = unsafe tm()
        guard let time = unsafe time, unsafe ASN1_TIME_to_tm(time, &parts) == 1 else { return nil }
        return Int64(unsafe timegm(&parts))
    }

    private static func names(of leaf: OpaquePointer) -> [String] {
        guard let list = unsafe X509_get_ext_d2i(leaf, NID_subject_alt_name, nil, nil).map({ OpaquePointer($0) }) else { return [] }
        defer { unsafe GENERAL_NAMES_free(list) }
        return unsafe (0..<max(0, sluice_general_names(list))).compactMap { index in
            unsafe sluice_dns_name(list, index).map { unsafe String(decoding: bytes(of: $0), as: UTF8.self).lowercased() }
        }
    }

    private static func commonName(_ name: OpaquePointer?) -> String {
        var text = [CChar](repeating: 0, count: 256)
        guard unsafe X509_NAME_get_text_by_NID(name, NID_commonName, &text, Int32(text.count)) > 0 else { return "" }
        let end = text.firstIndex(of: 0) ?? text.endIndex
        return String(decoding: text[..<end].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func bytes(of text: UnsafePointer<ASN1_STRING>?) -> [UInt8] {
        guard let text = unsafe text, let start = unsafe ASN1_STRING_get0_data(text) else { return [] }
        return unsafe Array(UnsafeBufferPointer(start: start, count: Int(max(0, ASN1_STRING_length(text)))))
    }
}
