package import Primitives

/// `Content-Digest`, `Repr-Digest` and what asks for them (RFC 9530).
package enum DigestField {
    /// Of several algorithms the strongest that is known. Those that RFC 9530 §5 no longer advises are not looked at.
    ///
    /// - Returns: nil when there is none that counts.
    /// - Throws: when the field is no dictionary of byte sequences, or a digest does not have the length of its algorithm.
    package static func parse(_ field: ByteView) throws(SignatureError) -> (algorithm: DigestAlgorithm, digest: [UInt8])? {
        guard let members = try? StructuredParser.dictionary(field) else { throw .malformed("the digest field is no dictionary") }
        for (algorithm, name) in [(DigestAlgorithm.sha512, "sha-512"), (.sha256, "sha-256")] {
            guard let member = members[name] else { continue }
            guard let digest = member.item?.value.bytes, digest.count == algorithm.length else { throw .malformed("a digest is malformed") }
            return (algorithm, digest)
        }
        return nil
    }

    /// Appends the value of `Content-Digest` or `Repr-Digest`.
    package static func write(_ algorithm: DigestAlgorithm, _ digest: [UInt8], to out: ByteBuffer) {
        out.append(algorithm == .sha512 ? "sha-512=" : "sha-256=")
        BareItem.bytes(digest).write(to: out)
    }

    /// What `Want-Content-Digest` or `Want-Repr-Digest` prefers (§4): the algorithm with the highest number, SHA-256 of two that
    /// are the same; nil when none that is known is wanted, or the field is malformed, which is not to be complained about.
    package static func preferred(_ field: ByteView) -> DigestAlgorithm? {
        guard let members = try? StructuredParser.dictionary(field) else { return nil }
        func weight(_ name: String) -> Int64 {
            guard let weight = members[name]?.item?.value.integer, (0...10).contains(weight) else { return 0 }
            return weight
        }
        let short = weight("sha-256"), long = weight("sha-512")
        guard max(short, long) > 0 else { return nil }
        return long > short ? .sha512 : .sha256
    }
}
