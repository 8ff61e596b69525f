private import COpenSSL

/// Digests of the SHA-2 family (FIPS 180-4).
package enum Digest {
    package static func sha256(_ bytes: [UInt8]) throws(CryptoError) -> [UInt8] { try compute("SHA256", 32, bytes) }
    package static func sha384(_ bytes: [UInt8]) throws(CryptoError) -> [UInt8] { try compute("SHA384", 48, bytes) }
    package static func sha512(_ bytes: [UInt8]) throws(CryptoError) -> [UInt8] { try compute("SHA512", 64, bytes) }

    private static func compute(_ name: String, _ size: Int, _ bytes: [UInt8]) throws(CryptoError) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: size)
        var count = 0
        guard unsafe EVP_Q_digest(nil, name, nil, bytes, bytes.count, &digest, &count) == 1, count == size else { throw CryptoError(name) }
        return digest
    }
}
