import Primitives

/// Signs requests with one secret.
package struct SigV4Signer: Sendable {
    package let accessKey: String
    private let secret: String
    package let region: String
    package let service: String
    private let rule: SigV4PathRule

    package init(accessKey: String, secret: String, region: String, service: String) {
        self.accessKey = accessKey
        self.secret = secret
        self.region = region
        self.service = service
        rule = service == "s3" ? .asItIs : .normalized
    }

    package func scope(at time: SigV4Time) -> SigV4Scope { SigV4Scope(day: time.day, region: region, service: service) }

    /// The key of a day; worth keeping, because making one costs four codes.
    package func key(at time: SigV4Time) throws(CryptoError) -> SigV4Key { try SigV4Key(secret: secret, scope(at: time)) }

    /// The value of `Authorization` for a request that has all its other fields, `x-amz-date` of the same time among them.
    ///
    /// - Parameter signedHeaders: names in lower case, sorted.
    package func authorization(
        _ message: some SignedMessage, signedHeaders: [String], payload: SigV4Payload, time: SigV4Time, key: SigV4Key
    ) throws(SignatureError) -> [UInt8] {
        guard case .request(let line) = message.control else { throw .missing }
        let canonical = ByteBuffer(capacity: 1024)
        try SigV4Canonical.write(line, message, signedHeaders: signedHeaders, payload: payload, path: rule, to: canonical)
        let out = ByteBuffer(capacity: 320)
        do throws(CryptoError) {
            try SigV4Canonical.writeStringToSign(canonical.view, time, scope(at: time), to: out)
            let signature = try key.sign(out.view)
            out.clear()
            out.append("AWS4-HMAC-SHA256 Credential=")
            out.append(text: accessKey)
            out.append(byte: UInt8(ascii: "/"))
            scope(at: time).write(to: out)
            out.append(", SignedHeaders=")
            SigV4Canonical.writeNames(signedHeaders, to: out)
            out.append(", Signature=")
            out.append(hexOf: signature)
            return out.view.array
        } catch {
            throw .failed
        }
    }
}

extension SigV4Signer: CustomStringConvertible, CustomReflectable {
    /// Never any of the secret.
    package var description: String { "signer of \(accessKey)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
