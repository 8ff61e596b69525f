import COpenSSL
import Identity

/// Encrypts directly with AES-256-GCM: what the library itself never does.
struct SealedToken {
    private let secret: [UInt8]

    init(_ secret: [UInt8]) { self.secret = secret }

    func make(_ header: String, _ content: String) throws -> String {
        let head = Base64URL.encode(Array(header.utf8))
        let vector = [UInt8](repeating: 3, count: 12), plain = Array(content.utf8), additional = Array(head.utf8)
        var sealed = [UInt8](repeating: 0, count: plain.count), tag = [UInt8](repeating: 0, count: 16)
        var count: Int32 = 0
        let context = EVP_CIPHER_CTX_new()
        defer { EVP_CIPHER_CTX_free(context) }
        guard EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nil, secret, vector) == 1,
            EVP_EncryptUpdate(context, nil, &count, additional, Int32(additional.count)) == 1,
            EVP_EncryptUpdate(context, &sealed, &count, plain, Int32(plain.count)) == 1, EVP_EncryptFinal_ex(context, nil, &count) == 1,
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, &tag) == 1
        else { throw KeyError("libcrypto could not encrypt") }
        return [head, "", Base64URL.encode(vector), Base64URL.encode(sealed), Base64URL.encode(tag)].joined(separator: ".")
    }
}
