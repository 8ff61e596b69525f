private import COpenSSL
import Primitives

/// Verifies with one public key and one algorithm, in contexts that are set up for it. For one thread at a time: a `ContextPool` sees to
/// that.
@safe
final class PublicKeyContext: @unchecked Sendable {
    private let key: AsymmetricKey
    private let algorithm: SignatureAlgorithm
    private let digestContext: OpaquePointer
    /// Nil for EdDSA, which takes the message itself.
    private let digest: OpaquePointer?
    private let verification: OpaquePointer?
    private var hash: [UInt8]

    init(_ key: AsymmetricKey, _ algorithm: SignatureAlgorithm) throws(CryptoError) {
        self.key = key
        self.algorithm = algorithm
        hash = [UInt8](repeating: 0, count: algorithm.digestSize)
        guard let digestContext = unsafe EVP_MD_CTX_new() else { throw CryptoError("EVP_MD_CTX_new") }
        unsafe self.digestContext = digestContext
        guard algorithm.family != .eddsa else {
            unsafe digest = nil
            unsafe verification = nil
            return
        }
        unsafe digest = EVP_MD_fetch(nil, algorithm.digestName, nil)
        unsafe verification = EVP_PKEY_CTX_new_from_pkey(nil, key.pointer, nil)
        guard let digest = unsafe digest, let verification = unsafe verification, unsafe EVP_PKEY_verify_init(verification) == 1,
            SignatureSetup.apply(algorithm, verification, digest)
        else {
            ERR_clear_error()
            throw CryptoError("EVP_PKEY_verify_init")
        }
    }

    deinit {
        unsafe EVP_MD_CTX_free(digestContext)
        unsafe EVP_MD_free(digest)
        unsafe EVP_PKEY_CTX_free(verification)
    }

    /// - Parameter signature: as OpenSSL has it.
    func verify(_ signature: [UInt8], of message: ByteView) -> Bool {
        // What OpenSSL remarks about a wrong signature must not be taken for an error of a connection.
        defer { ERR_clear_error() }
        let bytes = unsafe message.buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
        guard let digest = unsafe digest, let verification = unsafe verification else {
            return unsafe EVP_DigestVerifyInit(digestContext, nil, nil, nil, key.pointer) == 1
                && EVP_DigestVerify(digestContext, signature, signature.count, bytes, message.count) == 1
        }
        var count: UInt32 = 0
        return unsafe EVP_DigestInit_ex2(digestContext, digest, nil) == 1
            && EVP_DigestUpdate(digestContext, bytes, message.count) == 1
            && EVP_DigestFinal_ex(digestContext, &hash, &count) == 1
            && EVP_PKEY_verify(verification, signature, signature.count, hash, hash.count) == 1
    }
}

enum SignatureSetup {
    /// Padding and digest of an algorithm, in a context that is about to sign or verify.
    @safe static func apply(_ algorithm: SignatureAlgorithm, _ context: OpaquePointer, _ digest: OpaquePointer) -> Bool {
        guard unsafe EVP_PKEY_CTX_set_signature_md(context, digest) == 1 else { return false }
        switch algorithm.family {
        case .rsa: return unsafe EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1
        case .pss:
            // The salt is as long as the digest (RFC 7518 §3.5); the mask's digest is the same one, unless told otherwise.
            return unsafe EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1
                && EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1
        case .ecdsa: return true
        case .hmac, .eddsa: return false
        }
    }
}
