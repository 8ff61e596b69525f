private import COpenSSL
import Primitives

/// HMAC under one secret, in a context that keeps it. For one thread at a time: a `ContextPool` sees to that.
@safe
final class MACContext: @unchecked Sendable {
    private let context: OpaquePointer
    private var code: [UInt8]

    init(secret: [UInt8], _ algorithm: SignatureAlgorithm) throws(CryptoError) {
        code = [UInt8](repeating: 0, count: algorithm.digestSize)
        guard let function = unsafe EVP_MAC_fetch(nil, "HMAC", nil) else { throw CryptoError("HMAC") }
        // The context keeps the function alive.
        defer { unsafe EVP_MAC_free(function) }
        guard let context = unsafe EVP_MAC_CTX_new(function) else { throw CryptoError("EVP_MAC_CTX_new") }
        guard unsafe sluice_hmac_init(context, secret, secret.count, algorithm.digestName) == 1 else {
            unsafe EVP_MAC_CTX_free(context)
            throw CryptoError("EVP_MAC_init")
        }
        unsafe self.context = context
    }

    deinit { unsafe EVP_MAC_CTX_free(context) }

    /// The code of `message`, valid until the next one is computed. Nil only if libcrypto fails.
    func code(of message: ByteView) -> [UInt8]? {
        var written = 0
        guard unsafe EVP_MAC_init(context, nil, 0, nil) == 1,
            unsafe EVP_MAC_update(context, message.buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), message.count) == 1,
            unsafe EVP_MAC_final(context, &code, &written, code.count) == 1, written == code.count
        else { return nil }
        return code
    }

    /// Whether `signature` is the code of `message`, found out in a time that does not depend on its bytes.
    func verify(_ signature: [UInt8], of message: ByteView) -> Bool {
        code(of: message).map { ConstantTime.equal($0, signature) } ?? false
    }
}
