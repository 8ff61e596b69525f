package import Primitives

/// An encrypted token in its compact form (RFC 7516 §7.1), read but not opened.
package struct EncryptedToken: Sendable {
    package let header: TokenHeader
    package let algorithm: KeyManagement
    private let encryption: ContentEncryption
    private let encryptedKey: [UInt8]
    private let vector: [UInt8]
    private let content: [UInt8]
    private let tag: [UInt8]
    /// The header as it stands in the token.
    private let headerText: [UInt8]

    /// Five parts, where a signed token has three.
    package static func isEncrypted(_ token: ByteView) -> Bool {
        var dots = 0, from = 0
        while dots < 5, let dot = token.firstIndex(of: UInt8(ascii: "."), from: from) {
            dots += 1
            from = dot + 1
        }
        return dots == 4
    }

    /// - Parameter most: bytes; a longer token is refused before it is looked at.
    package init(parsing token: ByteView, most: Int = 16 << 10) throws(TokenFlaw) {
        guard token.count <= most else { throw .tooLong }
        var parts: [ByteView] = []
        var start = 0
        while parts.count < 5, let dot = token.firstIndex(of: UInt8(ascii: "."), from: start) {
            parts.append(token[start..<dot])
            start = dot + 1
        }
        parts.append(token.dropFirst(start))
        guard parts.count == 5 else { throw .partCount }
        header = try TokenHeader(parsing: parts[0])
        headerText = parts[0].array
        guard header.members["zip"] == nil else { throw .compressed }
        guard let name = header.encryption else { throw .headerMember("enc") }
        guard let algorithm = KeyManagement(rawValue: header.algorithm) else { throw .algorithmUnknown }
        guard let encryption = ContentEncryption(rawValue: name) else { throw .encryptionUnknown }
        self.algorithm = algorithm
        self.encryption = encryption
        encryptedKey = try EncryptedToken.decode(parts[1], .keyEncoding)
        vector = try EncryptedToken.decode(parts[2], .vectorEncoding)
        content = try EncryptedToken.decode(parts[3], .ciphertextEncoding)
        tag = try EncryptedToken.decode(parts[4], .tagEncoding)
        guard vector.count == encryption.vectorSize else { throw .vectorLength }
        guard tag.count == encryption.tagSize else { throw .tagLength }
    }

    package init(parsing token: String, most: Int = 16 << 10) throws(TokenFlaw) {
        let read: Result<EncryptedToken, TokenFlaw> = token.withView { view in
            Result { () throws(TokenFlaw) in try EncryptedToken(parsing: view, most: most) }
        }
        self = try read.get()
    }

    private static func decode(_ part: ByteView, _ flaw: TokenFlaw) throws(TokenFlaw) -> [UInt8] {
        guard let bytes = Base64URL.decode(part) else { throw flaw }
        return bytes
    }

    /// What is inside, whoever put it there.
    package func open(with keys: [DecryptionKey]) throws(TokenFlaw) -> [UInt8] {
        let named = keys.filter { key in
            guard let kid = header.kid, let own = key.kid else { return true }
            return kid.isSame(as: own)
        }
        guard !named.isEmpty else { throw .keyUnknown }
        let fitting = named.filter { $0.algorithms.contains(algorithm) }
        guard !fitting.isEmpty else { throw .algorithmNotAllowed }
        guard fitting.count <= 4 else { throw .keyAmbiguous }
        for key in fitting {
            // A wrong key costs the same work as a right one: a key by chance takes its place.
            let found = try key.contentKey(algorithm, encryption, header, encryptedKey)
            guard let decoy = try? Random.bytes(encryption.keySize) else { throw .decryptionFailed }
            let contentKey = found?.count == encryption.keySize ? found ?? decoy : decoy
            if let opened = encryption.open(content, key: contentKey, vector: vector, tag: tag, header: headerText) { return opened }
        }
        throw .decryptionFailed
    }
}
