package import Primitives

/// The digest that a body should have, and that of what has come of it.
package final class ExpectedDigest {
    private let expected: [UInt8]
    private let stream: DigestStream

    package init(_ algorithm: DigestAlgorithm, _ expected: [UInt8]) throws(CryptoError) {
        self.expected = expected
        stream = try DigestStream(algorithm)
    }

    package func update(_ bytes: ByteView) { stream.update(bytes) }

    /// Whether the body, which is complete, is the expected one. Asked once.
    package func isMet() -> Bool {
        guard let digest = try? stream.finish() else { return false }
        return MAC.equal(digest, expected)
    }
}
