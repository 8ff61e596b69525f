private import COpenSSL

/// The three ways in which tokens use AES. The key's length says which AES it is.
enum AES {
    /// GCM with a vector of 12 bytes and a tag of 16. Nil: the tag is wrong.
    static func openGCM(_ sealed: [UInt8], key: [UInt8], vector: [UInt8], tag: [UInt8], additional: [UInt8]) -> [UInt8]? {
        var tag = tag
        guard vector.count == 12, tag.count == 16 else { return nil }
        return unsafe decrypt("GCM", sealed, key: key, vector: vector) { context in
            var count: Int32 = 0
            return unsafe EVP_DecryptUpdate(context, nil, &count, additional, Int32(clamping: additional.count)) == 1
                && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(clamping: tag.count), &tag) == 1
        }
    }

    /// CBC with the padding of PKCS #7. Nil: the padding is wrong, or the length.
    static func decryptCBC(_ sealed: [UInt8], key: [UInt8], vector: [UInt8]) -> [UInt8]? {
        guard vector.count == 16, !sealed.isEmpty, sealed.count % 16 == 0 else { return nil }
        return unsafe decrypt("CBC", sealed, key: key, vector: vector) { _ in true }
    }

    /// The key that is wrapped (RFC 3394 §2.2.2). Nil: it is another one, or altered.
    static func unwrap(_ wrapped: [UInt8], key: [UInt8]) -> [UInt8]? {
        guard wrapped.count >= 24, wrapped.count % 8 == 0 else { return nil }
        return unsafe decrypt("WRAP", wrapped, key: key, vector: nil) { _ in true }
    }

    private static func decrypt(
        _ mode: String, _ sealed: [UInt8], key: [UInt8], vector: [UInt8]?, _ setUp: (OpaquePointer) -> Bool
    ) -> [UInt8]? {
        guard [16, 24, 32].contains(key.count), sealed.count < 1 << 24,
            let cipher = unsafe EVP_CIPHER_fetch(nil, "AES-\(key.count * 8)-\(mode)", nil), let context = unsafe EVP_CIPHER_CTX_new()
        else { return nil }
        defer {
            unsafe EVP_CIPHER_CTX_free(context)
            unsafe EVP_CIPHER_free(cipher)
            ERR_clear_error()
        }
        unsafe EVP_CIPHER_CTX_set_flags(context, Int32(EVP_CIPHER_CTX_FLAG_WRAP_ALLOW))
        guard unsafe EVP_DecryptInit_ex2(context, cipher, key, vector, nil) == 1, unsafe setUp(context) else { return nil }
        var opened = [UInt8](repeating: 0, count: sealed.count + 32)
        var count: Int32 = 0, rest: Int32 = 0
        guard unsafe EVP_DecryptUpdate(context, &opened, &count, sealed, Int32(clamping: sealed.count)) == 1, count >= 0 else { return nil }
        let isWhole = unsafe opened.withUnsafeMutableBufferPointer { opened in
            unsafe EVP_DecryptFinal_ex(context, opened.baseAddress.map { unsafe $0 + Int(count) }, &rest) == 1
        }
        return isWhole && rest >= 0 ? Array(opened.prefix(Int(count) + Int(rest))) : nil
    }
}
