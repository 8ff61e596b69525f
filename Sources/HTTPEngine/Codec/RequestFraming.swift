import GatewayCore
import Primitives

/// What the fields of a request say about its body and its connection (RFC 9112 §6, §9).
enum RequestFraming {
    /// Sets `framing`, `keepAlive`, `expectsContinue`; the error of a request that is refused.
    static func interpret(_ head: RequestHead) -> GatewayError? {
        let fields = head.fields
        head.method = HTTPMethod(head.methodName)
        head.keepAlive = isRecent(head)
        if fields.contains(.connection) { interpretConnection(head) }
        if fields.contains(.expect), let error = interpretExpect(head) { return error }
        if fields.contains(.transferEncoding) { return interpretTransferEncoding(head) }
        if fields.contains(.contentLength) {
            var lengths = 0
            var length: Int?
            fields.forEach(named: ByteView("content-length")) {
                lengths += 1
                length = $0.decimal
                return true
            }
            guard lengths == 1 else { return GatewayError(.badFraming, "Content-Length stands more than once.") }
            guard let length else { return GatewayError(.badFraming, "Content-Length is not a decimal number.") }
            head.framing = .length(length)
        }
        return nil
    }

    /// Newer than HTTP/1.0.
    private static func isRecent(_ head: RequestHead) -> Bool { head.majorVersion > 1 || head.minorVersion >= 1 }

    private static func interpretConnection(_ head: RequestHead) {
        head.fields.forEach(named: ByteView("connection")) { value in
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
    }

    private static func interpretExpect(_ head: RequestHead) -> GatewayError? {
        var onlyContinue = true
        head.fields.forEach(named: ByteView("expect")) { value in
            value.forEachListElement { element in
                onlyContinue = onlyContinue && element.equalsIgnoringCase("100-continue")
                return onlyContinue
            }
            return onlyContinue
        }
        guard onlyContinue else { return GatewayError(.expectationFailed, "The only expectation known here is 100-continue.") }
        // An HTTP/1.0 client can't be sent a 100 (RFC 9110 §10.1.1).
        head.expectsContinue = isRecent(head)
        return nil
    }

    private static func interpretTransferEncoding(_ head: RequestHead) -> GatewayError? {
        guard head.minorVersion >= 1 else { return GatewayError(.badFraming, "HTTP/1.0 has no Transfer-Encoding.") }
        guard !head.fields.contains(.contentLength) else {
            return GatewayError(.badFraming, "Transfer-Encoding and Content-Length stand together.")
        }
        switch TransferCoding(head.fields) {
        case .chunked: head.framing = .chunked
        case .ambiguous: return GatewayError(.badFraming, "Transfer-Encoding does not end with one chunked.")
        case .unsupported:
            return GatewayError(.unsupportedTransferCoding, "The only transfer coding known here is chunked.")
        }
        return nil
    }
}

/// What `Transfer-Encoding` amounts to (RFC 9112 §6.1).
enum TransferCoding {
    case chunked, ambiguous, unsupported

    init(_ fields: HeaderFields) {
        var codings = 0
        var chunked = 0
        var endsChunked = false
        var odd = false
        fields.forEach(named: ByteView("transfer-encoding")) { value in
            var any = false
            value.forEachListElement { element in
                any = true
                codings += 1
                endsChunked = element.equalsIgnoringCase("chunked")
                if endsChunked { chunked += 1 }
                for i in 0..<element.count where !ASCII.isToken(element[i]) { odd = true }
                return true
            }
            if !any { odd = true }
            return true
        }
        if odd || chunked > 1 || (chunked == 1 && !endsChunked) {
            self = .ambiguous
        } else if codings == 1, chunked == 1 {
            self = .chunked
        } else {
            self = .unsupported
        }
    }
}
