internal import Identity

// The hashes of Identity, whose failures are those of whatever needs them here.

enum SHA256 {
    static let length = DigestAlgorithm.sha256.length

    static func digest(_ bytes: [UInt8]) throws(CryptoFailure) -> [UInt8] {
        do throws(CryptoError) { return try Digest.sha256(bytes) } catch { throw CryptoFailure(error.operation) }
    }

    /// The first bytes of a digest as hexadecimal digits: a name for what was hashed.
    static func name(of text: String, bytes: Int = 4) throws(CryptoFailure) -> String {
        try digest(Array(text.utf8)).prefix(bytes).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count < 2 ? "0" + digits : digits
        }.joined()
    }
}

enum HMAC {
    /// HMAC with SHA-256 (RFC 2104).
    static func sha256(key: [UInt8], _ bytes: [UInt8]) throws(CryptoFailure) -> [UInt8] {
        do throws(CryptoError) { return try MAC.sha256(key: key, bytes) } catch { throw CryptoFailure(error.operation) }
    }
}
