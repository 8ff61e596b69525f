internal import COpenSSL
internal import TLS

/// The certificate that answers a challenge of TLS-ALPN-01 (RFC 8737 §3): self-signed, with the digest of the key
/// authorization in a critical extension. Each gateway makes its own, so that no key has to be shared.
enum ValidationCertificate {
    private static let extensionID = "1.3.6.1.5.5.7.1.31"

    static func make(for name: String, keyAuthorization: String) throws(CryptoFailure) -> Certificate {
        let key = try PrivateKey.make(.ecdsaP256)
        let digest = try SHA256.digest(Array(keyAuthorization.utf8))
        guard let leaf = unsafe X509_new() else { throw CryptoFailure("no memory for a certificate") }
        do throws(CryptoFailure) {
            try unsafe fill(leaf, name, key)
            // An OCTET STRING of 32 bytes.
            try unsafe add(extensionID, isCritical: true, [0x04, 0x20] + digest, to: leaf)
            guard unsafe X509_sign(leaf, key.handle, EVP_sha256()) > 0 else { throw CryptoFailure("a certificate can't be signed") }
        } catch {
            unsafe X509_free(leaf)
            throw error
        }
        unsafe EVP_PKEY_up_ref(key.handle)
        return unsafe Certificate(taking: leaf, key: key.handle)
    }

    private static func fill(_ leaf: OpaquePointer, _ name: String, _ key: PrivateKey) throws(CryptoFailure) {
        let failure = "a certificate can't be made"
        guard unsafe X509_set_version(leaf, 2) == 1, unsafe ASN1_INTEGER_set(X509_get_serialNumber(leaf), 1) == 1,
            unsafe X509_gmtime_adj(X509_getm_notBefore(leaf), -3600) != nil,
            unsafe X509_gmtime_adj(X509_getm_notAfter(leaf), 7 * 86400) != nil, unsafe X509_set_pubkey(leaf, key.handle) == 1,
            let subject = unsafe X509_get_subject_name(leaf),
            unsafe X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, "ACME challenge", -1, -1, 0) == 1,
            unsafe X509_set_issuer_name(leaf, subject) == 1,
            let names = unsafe X509V3_EXT_conf_nid(nil, nil, NID_subject_alt_name, "DNS:\(name)")
        else { throw CryptoFailure(failure) }
        defer { unsafe X509_EXTENSION_free(names) }
        guard unsafe X509_add_ext(leaf, names, -1) == 1 else { throw CryptoFailure(failure) }
    }

    private static func add(_ id: String, isCritical: Bool, _ value: [UInt8], to leaf: OpaquePointer) throws(CryptoFailure) {
        guard let object = unsafe OBJ_txt2obj(id, 1), let content = unsafe ASN1_OCTET_STRING_new() else {
            throw CryptoFailure("an extension can't be made")
        }
        defer {
            unsafe ASN1_OBJECT_free(object)
            unsafe ASN1_OCTET_STRING_free(content)
        }
        guard unsafe ASN1_OCTET_STRING_set(content, value, Int32(clamping: value.count)) == 1,
            let made = unsafe X509_EXTENSION_create_by_OBJ(nil, object, isCritical ? 1 : 0, content)
        else { throw CryptoFailure("an extension can't be made") }
        defer { unsafe X509_EXTENSION_free(made) }
        guard unsafe X509_add_ext(leaf, made, -1) == 1 else { throw CryptoFailure("an extension can't be added") }
    }
}
