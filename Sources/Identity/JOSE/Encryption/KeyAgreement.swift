private import COpenSSL

/// ECDH-ES (RFC 7518 §4.6).
enum KeyAgreement {
    /// The key that the sender has derived for us.
    ///
    /// - Parameters:
    ///   - algorithm: what goes into the derivation: `enc` where the key is used directly, otherwise `alg` (§4.6.2).
    ///   - partyU: `apu` of the header, decoded; `partyV`: `apv`.
    static func derive(
        _ own: AsymmetricKey, _ ephemeral: AsymmetricKey, size: Int, algorithm: String, partyU: [UInt8], partyV: [UInt8]
    ) -> [UInt8]? {
        guard let secret = sharedSecret(own, ephemeral) else { return nil }
        let name = Array(algorithm.utf8)
        let info = [name, partyU, partyV].flatMap { bytes(of: $0.count) + $0 } + bytes(of: size * 8)
        // The Concat KDF of NIST SP 800-56A §5.8.1, with SHA-256.
        var key: [UInt8] = []
        var round = 1
        while key.count < size {
            guard let part = try? Digest.sha256(bytes(of: round) + secret + info) else { return nil }
            key += part
            round += 1
        }
        return Array(key.prefix(size))
    }

    private static func bytes(of number: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) } }

    private static func sharedSecret(_ own: AsymmetricKey, _ other: AsymmetricKey) -> [UInt8]? {
        guard let context = unsafe EVP_PKEY_CTX_new_from_pkey(nil, own.pointer, nil) else { return nil }
        defer {
            unsafe EVP_PKEY_CTX_free(context)
            ERR_clear_error()
        }
        var secret = [UInt8](repeating: 0, count: 128)
        var count = secret.count
        guard unsafe EVP_PKEY_derive_init(context) == 1, unsafe EVP_PKEY_derive_set_peer(context, other.pointer) == 1,
            unsafe EVP_PKEY_derive(context, &secret, &count) == 1, count <= secret.count
        else { return nil }
        return Array(secret.prefix(count))
    }
}
