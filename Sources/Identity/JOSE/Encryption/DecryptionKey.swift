import Primitives

/// A key that opens encrypted tokens, with the algorithms that it is for.
package struct DecryptionKey: Sendable {
    package let kid: String?
    package let algorithms: [KeyManagement]
    /// The one way of encrypting content that a direct key is for; nil: any.
    private let encryption: ContentEncryption?
    private let material: KeyMaterial
    private let pair: AsymmetricKey?

    /// - Parameter key: private, or a secret of the length that its algorithm has.
    package init(_ key: JSONWebKey) throws(KeyError) {
        let operations = ["decrypt", "unwrapKey", "deriveKey", "deriveBits"]
        guard key.allows(use: "enc", any: operations) else { throw KeyError("the key is not for decrypting") }
        guard key.material.isPrivate else { throw KeyError("the key has no private half") }
        kid = key.kid
        material = key.material
        // Some direct keys name what they encrypt with, rather than `dir` (RFC 7520 §5.6).
        encryption = key.algorithm.flatMap { ContentEncryption(rawValue: $0) }
        let wanted = encryption == nil ? key.algorithm : KeyManagement.direct.rawValue
        algorithms = KeyManagement.algorithms(of: key.material).filter { wanted == nil || $0.rawValue == wanted }
        guard !algorithms.isEmpty else { throw KeyError("the key can't decrypt: its type, length or algorithm do not go together") }
        if case .secret = key.material { pair = nil } else { pair = try AsymmetricKey(key.material) }
    }

    /// An RSA or EC key as PEM.
    package init(pem: String, kid: String? = nil) throws(KeyError) {
        guard let material = try AsymmetricKey(pem: pem).material(isPrivate: true) else {
            throw KeyError("the PEM holds no private key of a type that tokens are encrypted for")
        }
        try self.init(JSONWebKey(material, kid: kid))
    }

    /// The key of the content. Nil: the token was not encrypted for this key, or somebody has changed it, of which the sender must
    /// not learn more (RFC 7516 §11.5). Throws for what anybody can see of the token.
    func contentKey(
        _ algorithm: KeyManagement, _ encryption: ContentEncryption, _ header: TokenHeader, _ encrypted: [UInt8]
    ) throws(TokenFlaw) -> [UInt8]? {
        if let own = self.encryption, own != encryption { throw .algorithmNotAllowed }
        switch algorithm {
        case .direct:
            guard encrypted.isEmpty else { throw .encryptedKeyLength }
            guard case .secret(let secret) = material, secret.count == encryption.keySize else { throw .algorithmNotAllowed }
            return secret
        case .rsaOAEP, .rsaOAEP256:
            guard encrypted.count == pair?.size else { throw .encryptedKeyLength }
            return pair?.decryptOAEP(encrypted, digest: algorithm == .rsaOAEP ? "SHA1" : "SHA256")
        case .ecdh:
            guard encrypted.isEmpty else { throw .encryptedKeyLength }
            return try agree(header, size: encryption.keySize, encryption.rawValue)
        case .ecdhA128KW, .ecdhA192KW, .ecdhA256KW:
            try DecryptionKey.check(encrypted, encryption.keySize + 8)
            return try agree(header, size: algorithm.wrapSize, algorithm.rawValue).flatMap { AES.unwrap(encrypted, key: $0) }
        case .a128KW, .a192KW, .a256KW:
            try DecryptionKey.check(encrypted, encryption.keySize + 8)
            guard case .secret(let secret) = material else { return nil }
            return AES.unwrap(encrypted, key: secret)
        case .a128GCMKW, .a192GCMKW, .a256GCMKW:
            try DecryptionKey.check(encrypted, encryption.keySize)
            let vector = try DecryptionKey.bytes(header, "iv"), tag = try DecryptionKey.bytes(header, "tag")
            guard vector?.count == 12, let vector else { throw .headerMember("iv") }
            guard tag?.count == 16, let tag else { throw .headerMember("tag") }
            guard case .secret(let secret) = material else { return nil }
            return AES.openGCM(encrypted, key: secret, vector: vector, tag: tag, additional: [])
        }
    }

    private static func check(_ encrypted: [UInt8], _ size: Int) throws(TokenFlaw) {
        guard encrypted.count == size else { throw .encryptedKeyLength }
    }

    private func agree(_ header: TokenHeader, size: Int, _ name: String) throws(TokenFlaw) -> [UInt8]? {
        guard let document = header.members["epk"], let ephemeral = try? JSONWebKey(document), !ephemeral.material.isPrivate,
            ephemeral.material.curve == material.curve, let own = pair, let other = try? AsymmetricKey(ephemeral.material)
        else { throw .ephemeralKey }
        let partyU = try DecryptionKey.bytes(header, "apu") ?? [], partyV = try DecryptionKey.bytes(header, "apv") ?? []
        return KeyAgreement.derive(own, other, size: size, algorithm: name, partyU: partyU, partyV: partyV)
    }

    /// A member of the header that holds bytes; nil when it isn't there.
    private static func bytes(_ header: TokenHeader, _ name: String) throws(TokenFlaw) -> [UInt8]? {
        guard let value = header.members[name] else { return nil }
        guard let text = value.string, let bytes = Base64URL.decode(text) else { throw .headerMember(name) }
        return bytes
    }
}

extension KeyMaterial {
    fileprivate var curve: EllipticCurve? {
        switch self {
        case .ec(let curve, _, _, _), .okp(let curve, _, _): curve
        case .secret, .rsa: nil
        }
    }
}
