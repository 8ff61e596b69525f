private import COpenSSL

extension AsymmetricKey {
    /// RSAES-OAEP, with SHA-1 or SHA-256 for the digest and the mask (RFC 7518 §4.3). Nil: it was not encrypted for this key.
    func decryptOAEP(_ sealed: [UInt8], digest name: String) -> [UInt8]? {
        guard let digest = unsafe EVP_MD_fetch(nil, name, nil), let context = unsafe EVP_PKEY_CTX_new_from_pkey(nil, pointer, nil) else {
            return nil
        }
        defer {
            unsafe EVP_PKEY_CTX_free(context)
            unsafe EVP_MD_free(digest)
            ERR_clear_error()
        }
        var opened = [UInt8](repeating: 0, count: size)
        var count = opened.count
        guard unsafe EVP_PKEY_decrypt_init(context) == 1, unsafe EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1,
            unsafe EVP_PKEY_CTX_set_rsa_oaep_md(context, digest) == 1, unsafe EVP_PKEY_CTX_set_rsa_mgf1_md(context, digest) == 1,
            unsafe EVP_PKEY_decrypt(context, &opened, &count, sealed, sealed.count) == 1
        else { return nil }
        return Array(opened.prefix(count))
    }
}
