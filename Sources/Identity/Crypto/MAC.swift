import Primitives

/// Message authentication codes of the HMAC family (RFC 2104).
package enum MAC {
    package static func sha256(key: [UInt8], _ bytes: [UInt8]) throws(CryptoError) -> [UInt8] {
        let result: Result<[UInt8], CryptoError> = bytes.withView { view in
            Result { () throws(CryptoError) in try compute(.sha256, key: key, view) }
        }
        return try result.get()
    }
}
