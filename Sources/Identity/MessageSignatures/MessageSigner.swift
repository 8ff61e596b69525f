package import Primitives

/// Makes signatures of messages (RFC 9421 §3.1).
package struct MessageSigner: Sendable {
    package let label: String
    package let components: [SignatureComponent]
    package let keyID: String
    package let key: MessageSigningKey
    /// Says which algorithm it is, for verifiers that want to be told.
    package let statesAlgorithm: Bool
    /// Seconds for which signatures are good; nil: they don't say.
    package let lifetime: Int64?
    package let tag: String?

    package init(
        label: String, components: [SignatureComponent], keyID: String, key: MessageSigningKey, statesAlgorithm: Bool = false, lifetime: Int64? = nil,
        tag: String? = nil
    ) {
        self.label = label
        self.components = components
        self.keyID = keyID
        self.key = key
        self.statesAlgorithm = statesAlgorithm
        self.lifetime = lifetime
        self.tag = tag
    }

    /// The same, for a message that does not have all the fields that are to be covered: those it lacks are left out.
    package func withoutMissing(_ message: some SignedMessage) -> MessageSigner {
        let present = components.filter { component in
            guard case .field(let name, _, let isTrailer) = component.kind else { return true }
            let source: (any SignedMessage)? = component.isOfRequest ? message.answered : message
            var isThere = false
            name.withView { name in
                source?.forEachLine(of: name, isTrailer: isTrailer) { _ in
                    isThere = true
                    return false
                }
            }
            return isThere
        }
        guard present.count < components.count else { return self }
        return MessageSigner(
            label: label, components: present, keyID: keyID, key: key, statesAlgorithm: statesAlgorithm, lifetime: lifetime, tag: tag)
    }

    /// Signs the message.
    ///
    /// - Parameters:
    ///   - now: seconds since 1970.
    ///   - nonce: nil: none.
    ///   - input: where the member of `Signature-Input` is appended.
    ///   - signature: where that of `Signature` is.
    package func sign(
        _ message: some SignedMessage, now: Int64, nonce: String? = nil, input: ByteBuffer, signature: ByteBuffer
    ) throws(SignatureError) {
        var parameters = SignatureParameters()
        parameters.created = now
        parameters.expires = lifetime.map { now &+ $0 }
        parameters.keyID = keyID
        parameters.algorithm = statesAlgorithm ? key.algorithm.rawValue : nil
        parameters.nonce = nonce
        parameters.tag = tag
        let covered = InnerList(components.map(\.identifier), parameters.structured)
        let base = ByteBuffer(capacity: 512)
        try SignatureBase.write(components, covered, of: message, to: base)
        let bytes = try key.sign(base.view)
        for (out, value) in [(input, StructuredMember.innerList(covered)), (signature, .item(StructuredItem(.bytes(bytes))))] {
            out.append(text: label)
            out.append(byte: UInt8(ascii: "="))
            value.write(to: out)
        }
    }
}
