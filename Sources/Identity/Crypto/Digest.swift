private import COpenSSL
package import Primitives

/// A function of the SHA-2 family (FIPS 180-4).
package enum DigestAlgorithm: Sendable, CaseIterable {
    case sha256, sha384, sha512

    /// Bytes of a digest.
    package var length: Int {
        switch self {
        case .sha256: 32
        case .sha384: 48
        case .sha512: 64
        }
    }

    /// What OpenSSL calls it.
    var name: String {
        switch self {
        case .sha256: "SHA256"
        case .sha384: "SHA384"
        case .sha512: "SHA512"
        }
    }

    fileprivate var function: OpaquePointer? {
        switch self {
        case .sha256: unsafe EVP_sha256()
        case .sha384: unsafe EVP_sha384()
        case .sha512: unsafe EVP_sha512()
        }
    }
}

/// Digests of bytes that are all there.
package enum Digest {
    package static func sha256(_ bytes: [UInt8]) throws(CryptoError) -> [UInt8] { try bytes.digest(.sha256) }
    package static func sha384(_ bytes: [UInt8]) throws(CryptoError) -> [UInt8] { try bytes.digest(.sha384) }
    package static func sha512(_ bytes: [UInt8]) throws(CryptoError) -> [UInt8] { try bytes.digest(.sha512) }

    package static func compute(_ algorithm: DigestAlgorithm, _ bytes: ByteView) throws(CryptoError) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: algorithm.length)
        var length: UInt32 = 0
        guard unsafe EVP_Digest(bytes.buffer.baseAddress, bytes.count, &digest, &length, algorithm.function, nil) == 1,
            Int(length) == algorithm.length
        else { throw CryptoError("EVP_Digest") }
        return digest
    }
}

extension [UInt8] {
    fileprivate func digest(_ algorithm: DigestAlgorithm) throws(CryptoError) -> [UInt8] {
        // `withView` takes no function that throws.
        let result: Result<[UInt8], CryptoError> = withView { view in
            Result { () throws(CryptoError) in try Digest.compute(algorithm, view) }
        }
        return try result.get()
    }
}

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
