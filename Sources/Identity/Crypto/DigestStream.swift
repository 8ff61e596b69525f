private import COpenSSL
package import Primitives

/// The digest of bytes that come piece by piece. For one body; not for several threads.
@safe
package final class DigestStream {
    package let algorithm: DigestAlgorithm
    private let context: OpaquePointer
    private var hasFailed = false

    package init(_ algorithm: DigestAlgorithm) throws(CryptoError) {
        guard let context = unsafe EVP_MD_CTX_new() else { throw CryptoError("EVP_MD_CTX_new") }
        guard unsafe EVP_DigestInit_ex(context, algorithm.function, nil) == 1 else {
            unsafe EVP_MD_CTX_free(context)
            throw CryptoError("EVP_DigestInit_ex")
        }
        self.algorithm = algorithm
        unsafe self.context = context
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    package func update(_ bytes: ByteView) {
        guard bytes.count > 0 else { return }
        if unsafe EVP_DigestUpdate(context, bytes.buffer.baseAddress, bytes.count) != 1 { hasFailed = true }
    }

    /// The digest of all that came, and the beginning of another one.
    package func finish() throws(CryptoError) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: algorithm.length)
        var length: UInt32 = 0
        let isDone = unsafe EVP_DigestFinal_ex(context, &digest, &length) == 1
        guard unsafe EVP_DigestInit_ex(context, algorithm.function, nil) == 1, isDone, !hasFailed, Int(length) == digest.count else {
            throw CryptoError("EVP_DigestFinal_ex")
        }
        return digest
    }
}
