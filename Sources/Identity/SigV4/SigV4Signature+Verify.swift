package import Primitives

extension SigV4Signature {
    /// Whether the key signed this request. Every field that begins with `x-amz-` has to be signed, because services act on them.
    ///
    /// - Parameters:
    ///   - payload: what stands for the body: `self.payload`, or the body's digest when that is not stated.
    ///   - fields: calls its argument with the name of every field.
    package func verify(
        _ message: some SignedMessage, payload: SigV4Payload, key: SigV4Key, path rule: SigV4PathRule, fields: ((ByteView) -> Void) -> Void
    ) throws(SignatureError) {
        guard case .request(let line) = message.control else { throw .missing }
        var isComplete = true
        fields { name in
            if name.prefix(6).equalsIgnoringCase("x-amz-"), !signs(name) { isComplete = false }
        }
        guard isComplete else { throw .refused("a field that begins with x-amz- is not signed") }
        let canonical = ByteBuffer(capacity: 1024)
        try SigV4Canonical.write(line, message, signedHeaders: signedHeaders, payload: payload, path: rule, to: canonical)
        let text = ByteBuffer(capacity: 256)
        let signature: [UInt8]
        do throws(CryptoError) {
            try SigV4Canonical.writeStringToSign(canonical.view, time, scope, to: text)
            signature = try key.sign(text.view)
        } catch {
            throw .failed
        }
        guard MAC.equal(signature, bytes) else { throw .invalid }
    }

    private func signs(_ name: ByteView) -> Bool {
        signedHeaders.contains { $0.withView { $0.equalsIgnoringCase(name) } }
    }
}
