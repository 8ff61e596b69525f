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

    var function: OpaquePointer? {
        switch self {
        case .sha256: unsafe EVP_sha256()
        case .sha384: unsafe EVP_sha384()
        case .sha512: unsafe EVP_sha512()
        }
    }
}

extension Digest {
    package static func compute(_ algorithm: DigestAlgorithm, _ bytes: ByteView) throws(CryptoError) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: algorithm.length)
        var length: UInt32 = 0
        guard unsafe EVP_Digest(bytes.buffer.baseAddress, bytes.count, &digest, &length, algorithm.function, nil) == 1,
            Int(length) == algorithm.length
        else { throw CryptoError("EVP_Digest") }
        return digest
    }
}
