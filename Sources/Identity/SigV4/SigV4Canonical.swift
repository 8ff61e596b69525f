import Primitives

/// How a path is written in a canonical request.
package enum SigV4PathRule: Sendable {
    /// Without dot segments and empty segments, and what is encoded is encoded once more: all services but S3.
    case normalized
    /// As it came: S3, whose keys may hold anything.
    case asItIs
}

/// The canonical request of AWS Signature Version 4, and what is signed of it.
enum SigV4Canonical {
    /// Appends the canonical request.
    ///
    /// - Parameter signedHeaders: names in lower case, in the order in which they were signed.
    static func write(
        _ line: SignedRequestLine, _ message: some SignedMessage, signedHeaders: [String], payload: SigV4Payload, path rule: SigV4PathRule,
        to out: ByteBuffer
    ) throws(SignatureError) {
        out.append(line.method)
        out.append(byte: 0x0a)
        writePath(line.path, rule, to: out)
        out.append(byte: 0x0a)
        writeQuery(line.query ?? ByteView(), to: out)
        out.append(byte: 0x0a)
        for name in signedHeaders {
            out.append(text: name)
            out.append(byte: UInt8(ascii: ":"))
            guard writeValues(of: name, line, message, to: out) else { throw .noComponent(name) }
            out.append(byte: 0x0a)
        }
        out.append(byte: 0x0a)
        writeNames(signedHeaders, to: out)
        out.append(byte: 0x0a)
        payload.write(to: out)
    }

    /// Appends what the signing key signs of a canonical request.
    static func writeStringToSign(_ canonical: ByteView, _ time: SigV4Time, _ scope: SigV4Scope, to out: ByteBuffer) throws(CryptoError) {
        out.append("AWS4-HMAC-SHA256\n")
        out.append(text: time.text)
        out.append(byte: 0x0a)
        scope.write(to: out)
        out.append(byte: 0x0a)
        out.append(hexOf: try Digest.compute(.sha256, canonical))
    }

    static func writeNames(_ names: [String], to out: ByteBuffer) {
        for (i, name) in names.enumerated() {
            if i > 0 { out.append(byte: UInt8(ascii: ";")) }
            out.append(text: name)
        }
    }

    // MARK: Headers

    /// The values of all lines, each with its white space made one, joined by commas. False when the field is not there.
    private static func writeValues(of name: String, _ line: SignedRequestLine, _ message: some SignedMessage, to out: ByteBuffer) -> Bool {
        // Over HTTP/2 there is no such field.
        if name == "host" {
            writeValue(line.authority, to: out)
            return true
        }
        var isFirst = true
        name.withView { name in
            message.forEachLine(of: name, isTrailer: false) { value in
                if !isFirst { out.append(byte: UInt8(ascii: ",")) }
                isFirst = false
                writeValue(value, to: out)
                return true
            }
        }
        return !isFirst
    }

    private static func writeValue(_ value: ByteView, to out: ByteBuffer) {
        let value = value.trimmed
        var wasBlank = false
        for i in 0..<value.count {
            let isBlank = ASCII.isBlank(value[i])
            if !(isBlank && wasBlank) { out.append(byte: isBlank ? UInt8(ascii: " ") : value[i]) }
            wasBlank = isBlank
        }
    }

    // MARK: Path

    static func writePath(_ path: ByteView, _ rule: SigV4PathRule, to out: ByteBuffer) {
        switch rule {
        case .asItIs: for piece in pieces(path) { recode(piece, to: out) }
        case .normalized:
            let segments = normalized(path)
            for segment in segments {
                out.append(byte: UInt8(ascii: "/"))
                for i in 0..<segment.count { encode(segment[i], to: out) }
            }
            if segments.isEmpty || path[path.count - 1] == UInt8(ascii: "/") { out.append(byte: UInt8(ascii: "/")) }
        }
    }

    /// A path's slashes, and what stands between them.
    private static func pieces(_ path: ByteView) -> [ByteView] {
        var pieces: [ByteView] = []
        var start = 0
        while start < path.count {
            let isSlash = path[start] == UInt8(ascii: "/")
            let end = isSlash ? start + 1 : path.firstIndex(of: UInt8(ascii: "/"), from: start) ?? path.count
            pieces.append(path[start..<end])
            start = end
        }
        return pieces
    }

    private static func normalized(_ path: ByteView) -> [ByteView] {
        var segments: [ByteView] = []
        var start = 0
        while start <= path.count {
            let end = path.firstIndex(of: UInt8(ascii: "/"), from: start) ?? path.count
            let segment = path[start..<end]
            start = end + 1
            if segment.isEmpty || segment == "." { continue }
            if segment == ".." { _ = segments.popLast() } else { segments.append(segment) }
        }
        return segments
    }

    // MARK: Query

    /// The parameters sorted by name and value, each encoded in the one way that SigV4 knows, without the signature itself.
    static func writeQuery(_ query: ByteView, to out: ByteBuffer) {
        guard !query.isEmpty else { return }
        var parameters: [(name: [UInt8], value: [UInt8])] = []
        let text = ByteBuffer(capacity: query.count)
        FormText.forEachPair(query) { name, value in
            if name == "X-Amz-Signature" { return }
            text.clear()
            recode(name, to: text)
            let end = text.count
            recode(value, to: text)
            parameters.append((text.view(0..<end).array, text.view(end..<text.count).array))
        }
        parameters.sort { a, b in
            a.name == b.name ? a.value.lexicographicallyPrecedes(b.value) : a.name.lexicographicallyPrecedes(b.name)
        }
        for (i, parameter) in parameters.enumerated() {
            if i > 0 { out.append(byte: UInt8(ascii: "&")) }
            parameter.name.withView { out.append($0) }
            out.append(byte: UInt8(ascii: "="))
            parameter.value.withView { out.append($0) }
        }
    }

    // MARK: Encoding

    /// Encodes what may be encoded already, a slash apart only where it is a piece of a path by itself.
    private static func recode(_ text: ByteView, to out: ByteBuffer) {
        if text == "/" { return out.append(text) }
        var at = 0
        while at < text.count {
            if text[at] == UInt8(ascii: "%"), at + 2 < text.count, let high = ASCII.hexValue(text[at + 1]), let low = ASCII.hexValue(text[at + 2]) {
                encode(high << 4 | low, to: out)
                at += 3
            } else {
                encode(text[at], to: out)
                at += 1
            }
        }
    }

    private static func encode(_ byte: UInt8, to out: ByteBuffer) {
        if ASCII.isUnreserved(byte) { return out.append(byte: byte) }
        out.append(byte: UInt8(ascii: "%"))
        out.append(byte: ASCII.hexDigit(byte >> 4))
        out.append(byte: ASCII.hexDigit(byte & 0xf))
    }
}
