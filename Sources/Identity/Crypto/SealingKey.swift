private import COpenSSL

/// Seals bytes so that nobody without the key can read or change them: AES-256-GCM (NIST SP 800-38D) with random nonces.
///
/// With random nonces of 96 bits one key seals 2^32 messages before a collision has a chance of 2^-32.
package struct SealingKey: Sendable, CustomStringConvertible, CustomReflectable {
    private static let nonceCount = 12
    private static let tagCount = 16
    /// Bytes that a sealed text is longer than what is in it.
    package static let overhead = nonceCount + tagCount

    private let key: [UInt8]

    /// - Parameter key: 32 bytes.
    package init(_ key: [UInt8]) throws(CryptoError) {
        guard key.count == 32 else { throw CryptoError("AES-256 with a key that is not of 32 bytes") }
        self.key = key
    }

    /// Nonce, ciphertext, tag.
    ///
    /// - Parameter context: what has to be the same when it is opened; it is not part of the result.
    package func seal(_ bytes: [UInt8], context: [UInt8]) throws(CryptoError) -> [UInt8] {
        let nonce = try Random.bytes(SealingKey.nonceCount)
        guard let cipher = unsafe EVP_CIPHER_CTX_new() else { throw CryptoError("EVP_CIPHER_CTX_new") }
        defer { unsafe EVP_CIPHER_CTX_free(cipher) }
        var sealed = [UInt8](repeating: 0, count: bytes.count)
        var tag = [UInt8](repeating: 0, count: SealingKey.tagCount)
        var written: Int32 = 0
        guard unsafe EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), nil, key, nonce) == 1,
            unsafe EVP_EncryptUpdate(cipher, nil, &written, context, Int32(clamping: context.count)) == 1,
            unsafe EVP_EncryptUpdate(cipher, &sealed, &written, bytes, Int32(clamping: bytes.count)) == 1, Int(written) == bytes.count,
            unsafe EVP_EncryptFinal_ex(cipher, &tag, &written) == 1, written == 0,
            unsafe EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, Int32(tag.count), &tag) == 1
        else { throw CryptoError("AES-256-GCM") }
        return nonce + sealed + tag
    }

    /// What was sealed; nil when it was not sealed with this key and context, or was changed.
    package func open(_ sealed: [UInt8], context: [UInt8]) -> [UInt8]? {
        let count = sealed.count - SealingKey.overhead
        guard count >= 0, let cipher = unsafe EVP_CIPHER_CTX_new() else { return nil }
        defer { unsafe EVP_CIPHER_CTX_free(cipher) }
        let nonce = Array(sealed[..<SealingKey.nonceCount])
        let text = Array(sealed[SealingKey.nonceCount..<SealingKey.nonceCount + count])
        var tag = Array(sealed[(SealingKey.nonceCount + count)...])
        var opened = [UInt8](repeating: 0, count: count), rest = [UInt8](repeating: 0, count: SealingKey.tagCount)
        var written: Int32 = 0
        guard unsafe EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), nil, key, nonce) == 1,
            unsafe EVP_DecryptUpdate(cipher, nil, &written, context, Int32(clamping: context.count)) == 1,
            unsafe EVP_DecryptUpdate(cipher, &opened, &written, text, Int32(clamping: count)) == 1, Int(written) == count,
            unsafe EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, Int32(tag.count), &tag) == 1,
            unsafe EVP_DecryptFinal_ex(cipher, &rest, &written) == 1
        else { return nil }
        return opened
    }

    package var description: String { "sealing key" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
