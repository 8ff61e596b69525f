internal import COpenSSL
internal import Identity
internal import Primitives
internal import TLS

/// The kinds of keys that certificates are asked for.
package enum KeyKind: String, Sendable, Equatable {
    case ecdsaP256 = "ecdsa-p256"
    case rsa2048 = "rsa2048"
}

/// A private key, of an account or of a certificate.
@safe
final class PrivateKey: @unchecked Sendable {
    let handle: OpaquePointer

    private init(taking handle: OpaquePointer) { unsafe self.handle = unsafe handle }

    deinit { unsafe EVP_PKEY_free(handle) }

    static func make(_ kind: KeyKind) throws(CryptoFailure) -> PrivateKey {
        // Keys lie in memory that no core dump has.
        SecureKeys.prepare()
        ERR_clear_error()
        let made = unsafe kind == .rsa2048 ? sluice_new_rsa_key(2048) : sluice_new_p256_key()
        guard let made = unsafe made else { throw CryptoFailure("no key can be made") }
        return unsafe PrivateKey(taking: made)
    }

    /// The key of a PEM file.
    static func read(_ path: String) throws(TLSError) -> PrivateKey { unsafe PrivateKey(taking: try SecureKeys.read(path)) }

    /// Lends the key as PEM (PKCS #8), in memory that is wiped afterwards.
    func withPEM<R, Failure: Error>(_ body: (UnsafeRawBufferPointer) throws(Failure) -> R) throws(Failure) -> R? {
        guard let memory = unsafe BIO_new(BIO_s_secmem()) else { return nil }
        defer { unsafe BIO_free(memory) }
        guard unsafe PEM_write_bio_PrivateKey(memory, handle, nil, nil, 0, nil, nil) == 1 else { return nil }
        var bytes: UnsafeMutablePointer<CChar>?
        let count = unsafe sluice_bio_bytes(memory, &bytes)
        return try unsafe body(UnsafeRawBufferPointer(start: bytes, count: count))
    }
}

/// What accounts do with their keys, all of which are of P-256: ES256 (RFC 7518 §3.4).
extension PrivateKey {
    /// The signature as JWS has it: two numbers of 32 bytes.
    func signES256(_ message: [UInt8]) throws(CryptoFailure) -> [UInt8] {
        let encoded = try signDER(message)
        let pair: OpaquePointer? = unsafe encoded.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            return unsafe d2i_ECDSA_SIG(nil, &start, bytes.count)
        }
        guard let pair = unsafe pair else { throw CryptoFailure("ES256") }
        defer { unsafe ECDSA_SIG_free(pair) }
        return try unsafe PrivateKey.bytes(of: ECDSA_SIG_get0_r(pair)) + PrivateKey.bytes(of: ECDSA_SIG_get0_s(pair))
    }

    private func signDER(_ message: [UInt8]) throws(CryptoFailure) -> [UInt8] {
        guard let context = unsafe EVP_MD_CTX_new() else { throw CryptoFailure("ES256") }
        defer { unsafe EVP_MD_CTX_free(context) }
        var signature = [UInt8](repeating: 0, count: 128), length = signature.count
        guard unsafe EVP_DigestSignInit(context, nil, EVP_sha256(), nil, handle) == 1,
            unsafe EVP_DigestSign(context, &signature, &length, message, message.count) == 1
        else { throw CryptoFailure("ES256") }
        return Array(signature.prefix(length))
    }

    /// The public half (RFC 7517), its members in the order of RFC 7638.
    func jwk() throws(CryptoFailure) -> JSON {
        let x = try coordinate(OSSL_PKEY_PARAM_EC_PUB_X), y = try coordinate(OSSL_PKEY_PARAM_EC_PUB_Y)
        return ["crv": "P-256", "kty": "EC", "x": .string(Base64URL.encode(x)), "y": .string(Base64URL.encode(y))]
    }

    /// RFC 7638.
    func thumbprint() throws(CryptoFailure) -> String { Base64URL.encode(try SHA256.digest(try jwk().bytes)) }

    private func coordinate(_ name: String) throws(CryptoFailure) -> [UInt8] {
        var number: OpaquePointer?
        guard unsafe EVP_PKEY_get_bn_param(handle, name, &number) == 1 else { throw CryptoFailure("the key is not of P-256") }
        defer { unsafe BN_free(number) }
        return try unsafe PrivateKey.bytes(of: number)
    }

    private static func bytes(of number: OpaquePointer?) throws(CryptoFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 32)
        guard unsafe BN_bn2binpad(number, &bytes, 32) == 32 else { throw CryptoFailure("a number of P-256 has 32 bytes") }
        return bytes
    }
}
