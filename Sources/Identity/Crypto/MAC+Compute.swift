private import COpenSSL
package import Primitives

extension MAC {
    package static func compute(_ algorithm: DigestAlgorithm, key: [UInt8], _ bytes: ByteView) throws(CryptoError) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: algorithm.length)
        var length = 0
        // Without a pointer OpenSSL would take the key of the call before.
        let key = key.isEmpty ? [0] : key
        let isDone = unsafe EVP_Q_mac(
            nil, "HMAC", nil, algorithm.name, nil, key, key.count, bytes.buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count,
            &code, code.count, &length)
        guard unsafe isDone != nil, length == code.count else { throw CryptoError("EVP_Q_mac") }
        return code
    }

    /// Compares in a time that depends on the lengths only.
    package static func equal(_ a: [UInt8], _ b: [UInt8]) -> Bool { ConstantTime.equal(a, b) }
}
