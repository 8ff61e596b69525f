package import Primitives

/// What an HMAC is made of: a line for each name in `headers`.
package enum HMACSigningString {
    /// Names that stand for the request's method and target.
    package static let targets = ["(request-target)", "@request-target", "request-line"]
    /// Names that stand for the time of signing; the first that is signed counts.
    package static let times = ["(created)", "x-date", "date"]

    /// Appends the lines. Throws where something that is signed is not there.
    ///
    /// - Parameter version: `HTTP/1.1`, as it stands in a request line.
    package static func write(
        _ credentials: HMACCredentials, of message: some SignedMessage, version: StaticString, to out: ByteBuffer
    ) throws(SignatureError) {
        guard case .request(let line) = message.control else { throw .missing }
        for (i, name) in credentials.headers.enumerated() {
            if i > 0 { out.append(byte: 0x0a) }
            switch name {
            case "request-line":
                out.append(line.method)
                out.append(byte: 0x20)
                out.append(line.target)
                out.append(byte: 0x20)
                out.append(version)
            case "(request-target)", "@request-target":
                out.append(text: name)
                out.append(": ")
                for i in 0..<line.method.count { out.append(byte: ASCII.lowercase(line.method[i])) }
                out.append(byte: 0x20)
                out.append(line.target)
            case "(created)": try write(name, credentials.created, to: out)
            case "(expires)": try write(name, credentials.expires, to: out)
            // Over HTTP/2 there is no such field.
            case "host": write(name, line.authority, to: out)
            default:
                guard let value = name.withView({ message.joined($0) }) else { throw .noComponent(name) }
                write(name, value.view, to: out)
            }
        }
    }

    private static func write(_ name: String, _ seconds: Int64?, to out: ByteBuffer) throws(SignatureError) {
        guard let seconds else { throw .noComponent(name) }
        out.append(text: name)
        out.append(": ")
        out.append(decimal: Int(seconds))
    }

    private static func write(_ name: String, _ value: ByteView, to out: ByteBuffer) {
        out.append(text: name)
        out.append(": ")
        out.append(value)
    }
}

/// `Digest` (RFC 3230), which RFC 9530 has replaced but many clients still send: `SHA-256=` and Base64 without colons.
package enum OldDigestField {
    /// Of several algorithms the strongest that is known; nil when there is none, or it is malformed.
    package static func parse(_ field: ByteView) -> (algorithm: DigestAlgorithm, digest: [UInt8])? {
        var found: (DigestAlgorithm, [UInt8])?
        var isMalformed = false
        field.forEachListElement { element in
            let equals = element.firstIndex(of: UInt8(ascii: "=")) ?? element.count
            let name = element.prefix(equals)
            let algorithm: DigestAlgorithm? = name.equalsIgnoringCase("sha-256") ? .sha256 : name.equalsIgnoringCase("sha-512") ? .sha512 : nil
            guard let algorithm else { return true }
            let bytes = ByteBuffer(capacity: 64)
            guard Base64.decode(element.dropFirst(equals + 1), into: bytes), bytes.count == algorithm.length else {
                isMalformed = true
                return false
            }
            if found == nil || algorithm == .sha512 { found = (algorithm, bytes.view.array) }
            return true
        }
        return isMalformed ? nil : found
    }
}
