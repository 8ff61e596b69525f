private import COpenSSL

/// A public key, or a pair, as OpenSSL has it. It never changes, so threads may share it.
@safe
final class AsymmetricKey: @unchecked Sendable {
    let pointer: OpaquePointer

    /// Takes over the key.
    init(owning pointer: OpaquePointer) { unsafe self.pointer = pointer }

    deinit { unsafe EVP_PKEY_free(pointer) }

    /// Bytes of its signatures at most: for RSA, of the modulus.
    var size: Int { unsafe Int(EVP_PKEY_get_size(pointer)) }

    /// A pair that nobody has had before.
    static func generate(_ curve: EllipticCurve) throws(KeyError) -> AsymmetricKey {
        try unsafe generate(curve.isWeierstrass ? "EC" : curve.name) { context in
            unsafe !curve.isWeierstrass || EVP_PKEY_CTX_set_group_name(context, curve.name) == 1
        }
    }

    /// - Parameter bits: of the modulus.
    static func generateRSA(bits: Int) throws(KeyError) -> AsymmetricKey {
        guard RSALimits.bits.contains(bits) else { throw KeyError(RSALimits.message) }
        return try unsafe generate("RSA") { unsafe EVP_PKEY_CTX_set_rsa_keygen_bits($0, Int32(truncatingIfNeeded: bits)) == 1 }
    }

    private static func generate(_ type: String, _ setUp: (OpaquePointer) -> Bool) throws(KeyError) -> AsymmetricKey {
        guard let context = unsafe EVP_PKEY_CTX_new_from_name(nil, type, nil) else { throw KeyError("this libcrypto has no keys of type \(type)") }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard unsafe EVP_PKEY_keygen_init(context) == 1, unsafe setUp(context), unsafe EVP_PKEY_generate(context, &key) == 1,
            let key = unsafe key
        else { throw KeyError("libcrypto could not make a key of type \(type)") }
        return unsafe AsymmetricKey(owning: key)
    }

    /// Whether the private half belongs to the public one.
    func isPaired() -> Bool {
        guard let context = unsafe EVP_PKEY_CTX_new(pointer, nil) else { return false }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        defer { ERR_clear_error() }
        return unsafe EVP_PKEY_pairwise_check(context) == 1
    }
}

/// Moduli that are neither too short to be safe (RFC 7518 §3.3) nor so long that verifying with them is an attack on the gateway.
enum RSALimits {
    static let bits = 2048...8192
    static let message = "an RSA key must have 2048 to 8192 bits, and an odd public exponent between 3 and 2^64"
}
