package import GatewayCore
package import Primitives

/// Heads of HTTP/1 requests (RFC 9112 §3), strictly. One pass over the bytes; a complete head is copied into the
/// request's own storage, and everything that follows works on that.
package enum RequestHeadParser {
    /// Parses the head at the beginning of `bytes` into `head`, which must be clear.
    ///
    /// Errors are found as early as the bytes allow; `incomplete` asks for the same call with more bytes.
    package static func parse(_ bytes: ByteView, limits: HeadLimits, into head: RequestHead) -> HeadResult {
        head.clear()
        let result = parseLines(bytes, limits: limits, into: head)
        // What was noted before the error is where it was in `bytes`: the error's answer and its log line look at it.
        if case .failed = result, head.fields.storage.isEmpty { head.fields.storage.append(bytes) }
        return result
    }

    private static func parseLines(_ bytes: ByteView, limits: HeadLimits, into head: RequestHead) -> HeadResult {
        var at = 0
        // One empty line before the request line is skipped (RFC 9112 §2.2).
        if bytes.count > 0, bytes[0] == .carriageReturn {
            guard bytes.count > 1 else { return .incomplete }
            guard bytes[1] == .lineFeed else { return fail(.badRequestLine, "A bare CR stands before the request line.") }
            at = 2
        }
        switch requestLine(bytes, from: at, limits: limits, into: head) {
        case .complete(let next): at = next
        case .incomplete:
            return bytes.count > limits.bytes
                ? fail(.headersTooLarge, "The request head is longer than \(limits.bytes) bytes.") : .incomplete
        case .failed(let error): return .failed(error)
        }
        switch FieldParser.parse(bytes, from: at, limits: limits, into: head.fields) {
        case .incomplete:
            return bytes.count > limits.bytes
                ? fail(.headersTooLarge, "The request head is longer than \(limits.bytes) bytes.") : .incomplete
        case .failed(let reason, let detail): return fail(reason, detail)
        case .complete(let end):
            guard end <= limits.bytes else {
                return fail(.headersTooLarge, "The request head is longer than \(limits.bytes) bytes.")
            }
            head.fields.storage.append(bytes[0..<end])
            if let error = RequestFraming.interpret(head) ?? RequestTarget.interpret(head) { return .failed(error) }
            if head.fields.contains(.upgrade) { RequestUpgrade.interpret(head) }
            return .complete(end)
        }
    }

    private static let longestMethod = 32

    private static func requestLine(_ bytes: ByteView, from start: Int, limits: HeadLimits, into head: RequestHead) -> HeadResult {
        var at = start
        while at < bytes.count, ASCII.isToken(bytes[at]) { at += 1 }
        guard at - start <= longestMethod else { return fail(.badRequestLine, "The method is longer than \(longestMethod) bytes.") }
        guard at < bytes.count else { return .incomplete }
        guard bytes[at] == UInt8(ascii: " "), at > start else {
            return fail(.badRequestLine, "The request does not begin with a method and a space.")
        }
        head.methodSpan = RequestHead.Span(start..<at)
        let targetStart = at + 1
        at = targetStart
        while at < bytes.count, bytes[at] > 0x20, bytes[at] < 0x7f { at += 1 }
        guard at - targetStart <= limits.target else {
            return fail(.targetTooLong, "The request target is longer than \(limits.target) bytes.")
        }
        guard at < bytes.count else { return .incomplete }
        guard bytes[at] == UInt8(ascii: " ") else {
            let isEnd = bytes[at] == .carriageReturn || bytes[at] == .lineFeed
            return isEnd
                ? fail(.badRequestLine, "The request line has no HTTP version.")
                : fail(.badTarget, "The request target holds a byte that is not allowed there.")
        }
        guard at > targetStart else { return fail(.badRequestLine, "The request line has more than one space between its parts.") }
        head.targetSpan = RequestHead.Span(targetStart..<at)
        at += 1
        return version(bytes, from: at, into: head)
    }

    private static func version(_ bytes: ByteView, from start: Int, into head: RequestHead) -> HeadResult {
        let expected: StaticString = "HTTP/"
        let given = bytes.dropFirst(start)
        let known = ByteView(expected)
        for i in 0..<min(given.count, known.count) where given[i] != known[i] {
            return fail(.badRequestLine, "The request line does not end with an HTTP version.")
        }
        if given.count > 5, !ASCII.isDigit(given[5]) { return fail(.badRequestLine, "The HTTP version is malformed.") }
        if given.count > 6, given[6] != UInt8(ascii: ".") { return fail(.badRequestLine, "The HTTP version is malformed.") }
        if given.count > 7, !ASCII.isDigit(given[7]) { return fail(.badRequestLine, "The HTTP version is malformed.") }
        if given.count > 8, given[8] != .carriageReturn {
            return fail(.badRequestLine, given[8] == .lineFeed ? "A line ends with a bare LF." : "The HTTP version is malformed.")
        }
        guard given.count > 9 else { return .incomplete }
        guard given[9] == .lineFeed else { return fail(.badRequestLine, "A bare CR stands in the request line.") }
        guard given[5] == UInt8(ascii: "1") else {
            return fail(.unsupportedVersion, "Only HTTP/1.0 and HTTP/1.1 are spoken here.")
        }
        // A higher minor version is answered as 1.1 (RFC 9110 §2.5).
        head.minorVersion = given[7] == UInt8(ascii: "0") ? 0 : 1
        return .complete(start + 10)
    }

    private static func fail(_ reason: Reason, _ detail: String) -> HeadResult { .failed(GatewayError(reason, detail)) }
}
