import Primitives

/// How the content of a token is encrypted: `enc` of RFC 7518 §5.1.
package enum ContentEncryption: String, CaseIterable, Sendable {
    case a128GCM = "A128GCM"
    case a192GCM = "A192GCM"
    case a256GCM = "A256GCM"
    case a128CBC = "A128CBC-HS256"
    case a192CBC = "A192CBC-HS384"
    case a256CBC = "A256CBC-HS512"

    /// The HMAC that goes with CBC; nil for GCM, which has its own tag.
    var mac: SignatureAlgorithm? {
        switch self {
        case .a128GCM, .a192GCM, .a256GCM: nil
        case .a128CBC: .HS256
        case .a192CBC: .HS384
        case .a256CBC: .HS512
        }
    }

    /// Bytes of the key; with CBC half of them are the key of the HMAC.
    package var keySize: Int {
        switch self {
        case .a128GCM: 16
        case .a192GCM: 24
        case .a256GCM, .a128CBC: 32
        case .a192CBC: 48
        case .a256CBC: 64
        }
    }

    var vectorSize: Int { mac == nil ? 12 : 16 }
    var tagSize: Int { mac == nil ? 16 : keySize / 2 }

    /// The content; nil when key, header, vector, content or tag do not belong together.
    ///
    /// - Parameter header: as it stands in the token: what is authenticated beside the content.
    func open(_ sealed: [UInt8], key: [UInt8], vector: [UInt8], tag: [UInt8], header: [UInt8]) -> [UInt8]? {
        guard key.count == keySize, vector.count == vectorSize, tag.count == tagSize else { return nil }
        guard let mac else { return AES.openGCM(sealed, key: key, vector: vector, tag: tag, additional: header) }
        // RFC 7518 §5.2.2.2. The tag comes first: what it does not cover is not decrypted.
        let bits = UInt64(header.count) * 8
        let length = (0..<8).map { UInt8(truncatingIfNeeded: bits >> UInt64(56 - 8 * $0)) }
        let half = keySize / 2
        guard let code = MACContext.code(of: header + vector + sealed + length, secret: Array(key.prefix(half)), mac),
            ConstantTime.equal(Array(code.prefix(tagSize)), tag)
        else { return nil }
        return AES.decryptCBC(sealed, key: Array(key.dropFirst(half)), vector: vector)
    }
}

extension MACContext {
    static func code(of message: [UInt8], secret: [UInt8], _ algorithm: SignatureAlgorithm) -> [UInt8]? {
        guard let context = try? MACContext(secret: secret, algorithm) else { return nil }
        return message.withView { context.code(of: $0) }
    }
}
