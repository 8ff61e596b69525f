private import COpenSSL

/// Message authentication codes (RFC 2104).
package enum MAC {
    package static func sha256(key: [UInt8], _ bytes: [UInt8]) throws(CryptoError) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: 32)
        guard unsafe HMAC(EVP_sha256(), key, Int32(clamping: key.count), bytes, bytes.count, &code, nil) != nil else {
            throw CryptoError("HMAC-SHA-256")
        }
        return code
    }
}
