package import GatewayCore
package import Primitives

/// Heads of HTTP/1 responses (RFC 9112 §4), as strictly as those of requests: an upstream that is not understood
/// exactly is not forwarded.
package enum ResponseHeadParser {
    /// Parses the head at the beginning of `bytes` into `head`. `method` is the request's, on which the length of the
    /// body depends; `maySwitch` says whether it has asked to switch protocols, so that `101` is an answer.
    package static func parse(
        _ bytes: ByteView, method: HTTPMethod, maySwitch: Bool = false, limits: HeadLimits, into head: ResponseHead
    ) -> HeadResult {
        head.clear()
        let line = statusLine(bytes, into: head)
        guard case .complete(let start) = line else {
            return line == .incomplete && bytes.count > limits.bytes ? tooLarge(limits) : line
        }
        switch FieldParser.parse(bytes, from: start, limits: limits, into: head.fields) {
        case .incomplete: return bytes.count > limits.bytes ? tooLarge(limits) : .incomplete
        case .failed(.tooManyHeaders, let detail): return fail(.upstreamHeadersTooLarge, detail)
        case .failed(_, let detail): return fail(.upstreamBadResponse, detail)
        case .complete(let end):
            guard end <= limits.bytes else { return tooLarge(limits) }
            head.fields.storage.append(bytes[0..<end])
            if let detail = ResponseFraming.interpret(head, method: method, maySwitch: maySwitch) { return fail(.upstreamBadResponse, detail) }
            return .complete(end)
        }
    }

    /// `HTTP/1.x SP 3DIGIT [SP reason] CRLF`.
    private static func statusLine(_ bytes: ByteView, into head: ResponseHead) -> HeadResult {
        let malformed = GatewayError(.upstreamBadResponse, .upstream, "The status line is malformed.")
        let known = ByteView("HTTP/1.")
        for i in 0..<min(bytes.count, known.count) where bytes[i] != known[i] { return .failed(malformed) }
        if bytes.count > 7, !ASCII.isDigit(bytes[7]) { return .failed(malformed) }
        if bytes.count > 8, bytes[8] != UInt8(ascii: " ") { return .failed(malformed) }
        for i in 9..<12 where bytes.count > i && !ASCII.isDigit(bytes[i]) { return .failed(malformed) }
        guard bytes.count > 12 else { return .incomplete }
        head.minorVersion = bytes[7] == UInt8(ascii: "0") ? 0 : 1
        guard let status = bytes[9..<12].decimal, status >= 100, status < 600 else { return .failed(malformed) }
        head.status = status
        var at = 12
        if bytes[at] == UInt8(ascii: " ") {
            at += 1
            let start = at
            while at < bytes.count, ASCII.isFieldValue(bytes[at]) { at += 1 }
            head.reasonSpan = RequestHead.Span(start..<at)
        }
        guard at < bytes.count else { return .incomplete }
        guard bytes[at] == .carriageReturn else { return .failed(malformed) }
        guard at + 1 < bytes.count else { return .incomplete }
        guard bytes[at + 1] == .lineFeed else { return .failed(malformed) }
        return .complete(at + 2)
    }

    private static func tooLarge(_ limits: HeadLimits) -> HeadResult {
        fail(.upstreamHeadersTooLarge, "The response head is longer than \(limits.bytes) bytes.")
    }

    private static func fail(_ reason: Reason, _ detail: String) -> HeadResult { .failed(GatewayError(reason, .upstream, detail)) }
}

/// What the fields of a response say about its body and its connection (RFC 9112 §6.3, §9).
enum ResponseFraming {
    /// Sets `framing` and `keepAlive`; a sentence about what is wrong, if something is.
    static func interpret(_ head: ResponseHead, method: HTTPMethod, maySwitch: Bool) -> String? {
        let fields = head.fields
        head.keepAlive = head.minorVersion >= 1
        fields.forEach(named: ByteView("connection")) { value in
            if head.minorVersion >= 1, KnownField.named(value) == .keepAlive { return true }
            value.forEachListElement { option in
                if option.equalsIgnoringCase("close") {
                    head.keepAlive = false
                    return false
                }
                if head.minorVersion == 0, option.equalsIgnoringCase("keep-alive") { head.keepAlive = true }
                return true
            }
            return true
        }
        var length: Int?
        var lengths = 0
        if fields.contains(.contentLength) {
            fields.forEach(named: ByteView("content-length")) {
                lengths += 1
                length = $0.decimal
                return true
            }
            guard lengths == 1 else { return "Content-Length stands more than once." }
            guard length != nil else { return "Content-Length is not a decimal number." }
        }
        let hasCoding = fields.contains(.transferEncoding)
        if hasCoding {
            if lengths > 0 { return "Transfer-Encoding and Content-Length stand together." }
            if head.minorVersion == 0 { return "HTTP/1.0 has no Transfer-Encoding." }
        }
        if head.status == 101 {
            guard maySwitch else { return "It switches protocols, which nobody asked for." }
            guard !hasCoding, lengths == 0 else { return "A response that switches protocols has no body." }
        }
        if head.isInformational || head.status == 204 || head.status == 304 || method == .head {
            head.framing = .none
        } else if hasCoding {
            guard case .chunked = TransferCoding(fields) else { return "Transfer-Encoding is not exactly chunked." }
            head.framing = .chunked
        } else if let length {
            head.framing = .length(length)
        } else {
            head.framing = .untilClose
        }
        return nil
    }
}
