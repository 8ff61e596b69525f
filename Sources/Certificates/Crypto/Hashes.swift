internal import COpenSSL

enum SHA256 {
    static let length = 32

    static func digest(_ bytes: [UInt8]) throws(CryptoFailure) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: length)
        guard unsafe EVP_Digest(bytes, bytes.count, &result, nil, EVP_sha256(), nil) == 1 else { throw CryptoFailure("SHA-256") }
        return result
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
        var result = [UInt8](repeating: 0, count: SHA256.length)
        var length: UInt32 = 0
        guard unsafe COpenSSL.HMAC(EVP_sha256(), key, Int32(clamping: key.count), bytes, bytes.count, &result, &length) != nil else {
            throw CryptoFailure("HMAC")
        }
        return result
    }
}

enum RandomBytes {
    static func make(_ count: Int) throws(CryptoFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard unsafe RAND_bytes(&bytes, Int32(clamping: count)) == 1 else { throw CryptoFailure("there are no random bytes") }
        return bytes
    }
}
