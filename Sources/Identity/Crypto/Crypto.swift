private import COpenSSL

/// A function of libcrypto that failed.
package struct CryptoError: Error, Equatable, Sendable, CustomStringConvertible {
    package let operation: String
    init(_ operation: String) { self.operation = operation }
    package var description: String { "libcrypto: \(operation) failed" }
}

enum Random {
    static func bytes(_ count: Int) throws(CryptoError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard unsafe RAND_bytes(&bytes, Int32(clamping: count)) == 1 else { throw CryptoError("RAND_bytes") }
        return bytes
    }

    /// 16 bytes, as RFC 9106 §3.1 recommends.
    static func salt() throws(PasswordHashError) -> [UInt8] {
        do { return try bytes(16) } catch { throw PasswordHashError("there are no random bytes for a salt: \(error)") }
    }
}

enum ConstantTime {
    /// Compares in a time that depends on the lengths only.
    static func equal(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        unsafe a.count == b.count && CRYPTO_memcmp(a, b, a.count) == 0
    }
}
