/// HKDF with SHA-256 (RFC 5869): keys for different uses out of one secret.
package enum KeyDerivation {
    /// - Parameters:
    ///   - info: what the key is for; different texts give unrelated keys.
    ///   - count: bytes, at most 255 × 32.
    package static func sha256(_ secret: [UInt8], salt: [UInt8] = [], info: [UInt8], count: Int = 32) throws(CryptoError) -> [UInt8] {
        let extracted = try MAC.sha256(key: salt.isEmpty ? [UInt8](repeating: 0, count: 32) : salt, secret)
        var key: [UInt8] = [], block: [UInt8] = []
        var number: UInt8 = 1
        while key.count < count, number > 0 {
            block = try MAC.sha256(key: extracted, block + info + [number])
            key += block
            number &+= 1
        }
        return Array(key.prefix(count))
    }
}
