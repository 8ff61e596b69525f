import Primitives

/// Digests of the SHA-2 family (FIPS 180-4).
package enum Digest {
    package static func sha256(_ bytes: [UInt8]) throws(CryptoError) -> [UInt8] { try compute(.sha256, bytes) }
    package static func sha384(_ bytes: [UInt8]) throws(CryptoError) -> [UInt8] { try compute(.sha384, bytes) }
    package static func sha512(_ bytes: [UInt8]) throws(CryptoError) -> [UInt8] { try compute(.sha512, bytes) }

    private static func compute(_ algorithm: DigestAlgorithm, _ bytes: [UInt8]) throws(CryptoError) -> [UInt8] {
        let result: Result<[UInt8], CryptoError> = bytes.withView { view in
            Result { () throws(CryptoError) in try compute(algorithm, view) }
        }
        return try result.get()
    }
}
