import Primitives

/// A signature as a request carries it: in its `Authorization` field, or in the query of a presigned URL.
package struct SigV4Signature: Sendable {
    package let accessKey: String
    package let scope: SigV4Scope
    /// Names of fields in lower case.
    package let signedHeaders: [String]
    package let bytes: [UInt8]
    package let time: SigV4Time
    /// Seconds for which a presigned URL is good; nil for a signature in the field.
    package let expires: Int64?
    package let payload: SigV4Payload

    package var isPresigned: Bool { expires != nil }

    private static let algorithm: StaticString = "AWS4-HMAC-SHA256"
    /// Whoever signs more makes work and nothing else.
    private static let mostHeaders = 64

    /// What the request carries. Throws `.missing` when that is nothing of this kind.
    package static func find(in message: some SignedMessage) throws(SignatureError) -> SigV4Signature {
        guard case .request(let line) = message.control else { throw .missing }
        let fields = Fields(message)
        guard !fields.isRepeated else { throw .malformed("a field of the signature is there twice") }
        let payload = SigV4Payload(fields.payload?.view)
        guard let payload else { throw .malformed("x-amz-content-sha256 is neither a digest nor a known form") }
        if let authorization = fields.authorization?.view, authorization.hasPrefix(algorithm) {
            return try SigV4Signature(authorization.dropFirst(16), fields, payload)
        }
        guard let query = line.query, let parameters = Parameters(query) else { throw .missing }
        return try SigV4Signature(parameters, payload)
    }

    /// ` Credential=…, SignedHeaders=…, Signature=…`
    private init(_ text: ByteView, _ fields: Fields, _ payload: SigV4Payload) throws(SignatureError) {
        var credential: ByteView?, headers: ByteView?, signature: ByteView?
        text.forEachListElement { element in
            let equals = element.firstIndex(of: UInt8(ascii: "=")) ?? element.count
            let name = element.prefix(equals), value = element.dropFirst(equals + 1)
            if name == "Credential" { credential = value }
            if name == "SignedHeaders" { headers = value }
            if name == "Signature" { signature = value }
            return true
        }
        guard let credential, let headers, let signature else { throw .malformed("the Authorization field lacks a part") }
        guard
            let time = fields.date.flatMap({ SigV4Time($0.view) })
                ?? (fields.date == nil ? fields.httpDate.flatMap { SigV4Time(httpDate: $0.view) } : nil)
        else { throw .malformed("there is no well-formed x-amz-date") }
        try self.init(credential, headers, signature, time, expires: nil, payload)
    }

    private init(_ parameters: Parameters, _ payload: SigV4Payload) throws(SignatureError) {
        guard let credential = parameters["X-Amz-Credential"], let headers = parameters["X-Amz-SignedHeaders"],
            let signature = parameters["X-Amz-Signature"], let date = parameters["X-Amz-Date"], let expires = parameters["X-Amz-Expires"]
        else { throw .malformed("the query lacks a part of the signature") }
        guard parameters["X-Amz-Algorithm"]?.view == ByteView(Self.algorithm) else { throw .malformed("the algorithm is not AWS4-HMAC-SHA256") }
        guard let time = SigV4Time(date.view) else { throw .malformed("X-Amz-Date is malformed") }
        guard let seconds = expires.view.decimal else { throw .malformed("X-Amz-Expires is malformed") }
        try self.init(credential.view, headers.view, signature.view, time, expires: Int64(seconds), payload)
    }

    private init(
        _ credential: ByteView, _ headers: ByteView, _ signature: ByteView, _ time: SigV4Time, expires: Int64?, _ payload: SigV4Payload
    ) throws(SignatureError) {
        guard let (accessKey, scope) = SigV4Scope.parse(credential) else { throw .malformed("the credential is malformed") }
        guard signature.count == 64, let bytes = signature.hexBytes else { throw .malformed("the signature is not 64 hexadecimal digits") }
        let names = headers.string.split(separator: ";", omittingEmptySubsequences: false).map(String.init)
        guard names.count <= Self.mostHeaders, names.allSatisfy(Self.isName), Set(names).count == names.count else {
            throw .malformed("the list of signed headers is malformed")
        }
        self.accessKey = accessKey
        self.scope = scope
        self.time = time
        self.expires = expires
        self.payload = payload
        self.bytes = bytes
        signedHeaders = names
    }

    private static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { ASCII.isToken($0) && !($0 &- 0x41 < 26) }
    }
}

extension SigV4Signature {
    /// The fields that a signature is made of. Of two lines with one name nobody knows which one counts.
    private struct Fields {
        let authorization: ByteBuffer?, date: ByteBuffer?, httpDate: ByteBuffer?, payload: ByteBuffer?
        private(set) var isRepeated = false

        init(_ message: some SignedMessage) {
            var isRepeated = false
            func single(_ name: StaticString) -> ByteBuffer? {
                var value: ByteBuffer?
                message.forEachLine(of: ByteView(name), isTrailer: false) { line in
                    if value != nil { isRepeated = true }
                    value = ByteBuffer(capacity: line.count)
                    value?.append(line)
                    return true
                }
                return value
            }
            authorization = single("authorization")
            date = single("x-amz-date")
            httpDate = single("date")
            payload = single("x-amz-content-sha256")
            self.isRepeated = isRepeated
        }
    }

    /// The parameters of a presigned URL, decoded. Nil when there is no signature among them.
    private struct Parameters {
        private var values: [String: ByteBuffer] = [:]

        init?(_ query: ByteView) {
            var values: [String: ByteBuffer] = [:]
            var isRepeated = false
            FormText.forEachPair(query) { name, value in
                guard name.hasPrefix("X-Amz-") else { return }
                let decoded = ByteBuffer(capacity: value.count)
                FormText.decode(value, to: decoded)
                isRepeated = values.updateValue(decoded, forKey: name.string) != nil || isRepeated
            }
            guard values["X-Amz-Signature"] != nil, !isRepeated else { return nil }
            self.values = values
        }

        subscript(name: String) -> ByteBuffer? { values[name] }
    }
}
