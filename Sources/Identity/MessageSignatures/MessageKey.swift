package import Primitives

/// How a message is signed (RFC 9421 §3.3).
package enum MessageSignatureAlgorithm: String, CaseIterable, Sendable {
    case rsaPSSSHA512 = "rsa-pss-sha512"
    case rsaSHA256 = "rsa-v1_5-sha256"
    case hmacSHA256 = "hmac-sha256"
    case ecdsaP256SHA256 = "ecdsa-p256-sha256"
    case ecdsaP384SHA384 = "ecdsa-p384-sha384"
    case ed25519

    /// The same algorithm as tokens call it.
    var token: SignatureAlgorithm {
        switch self {
        case .rsaPSSSHA512: .PS512
        case .rsaSHA256: .RS256
        case .hmacSHA256: .HS256
        case .ecdsaP256SHA256: .ES256
        case .ecdsaP384SHA384: .ES384
        case .ed25519: .EdDSA
        }
    }
}

/// A key that messages are verified with, and the one algorithm that it is for: a signature doesn't choose how a key is used (§7.3.6).
package struct MessageVerifyingKey: Sendable {
    package let algorithm: MessageSignatureAlgorithm
    private let key: Key

    private enum Key: Sendable {
        case secret([UInt8])
        case pair(VerifyingKey)
    }

    package init(secret: [UInt8]) {
        algorithm = .hmacSHA256
        key = .secret(secret)
    }

    /// - Parameter pem: a public key or a certificate.
    package init(pem: String, _ algorithm: MessageSignatureAlgorithm) throws(KeyError) {
        guard algorithm != .hmacSHA256 else { throw KeyError("hmac-sha256 takes a secret, not a PEM") }
        self.algorithm = algorithm
        key = .pair(try VerifyingKey(pem: pem, algorithms: [algorithm.token]))
    }

    package func verify(_ signature: [UInt8], of base: ByteView) throws(SignatureError) {
        switch key {
        case .secret(let secret):
            guard let code = try? MAC.compute(.sha256, key: secret, base) else { throw .failed }
            guard MAC.equal(code, signature) else { throw .invalid }
        case .pair(let key):
            do throws(TokenFlaw) { try key.verify(signature, of: base, algorithm.token) } catch { throw .invalid }
        }
    }
}

/// A key that messages are signed with.
package struct MessageSigningKey: Sendable {
    package let algorithm: MessageSignatureAlgorithm
    private let key: Key

    private enum Key: Sendable {
        case secret([UInt8])
        case pair(SigningKey)
    }

    package init(secret: [UInt8]) {
        algorithm = .hmacSHA256
        key = .secret(secret)
    }

    /// - Parameter pem: a private key.
    package init(pem: String, _ algorithm: MessageSignatureAlgorithm) throws(KeyError) {
        guard algorithm != .hmacSHA256 else { throw KeyError("hmac-sha256 takes a secret, not a PEM") }
        self.algorithm = algorithm
        let pair = try SigningKey(pem: pem)
        guard pair.algorithms.contains(algorithm.token) else { throw KeyError("the key is not for \(algorithm.rawValue)") }
        key = .pair(pair)
    }

    package func sign(_ base: ByteView) throws(SignatureError) -> [UInt8] {
        switch key {
        case .secret(let secret):
            guard let code = try? MAC.compute(.sha256, key: secret, base) else { throw .failed }
            return code
        case .pair(let pair):
            guard let signature = try? pair.sign(base.array, algorithm: algorithm.token) else { throw .failed }
            return signature
        }
    }
}

extension MessageVerifyingKey: CustomStringConvertible, CustomReflectable {
    /// Never any of the secret.
    package var description: String { "\(algorithm.rawValue) key" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension MessageSigningKey: CustomStringConvertible, CustomReflectable {
    /// Never any of the secret.
    package var description: String { "\(algorithm.rawValue) key" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
