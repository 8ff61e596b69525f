import GatewayCore
import Primitives

/// The gateway's own answers to what went wrong: the only place where a `GatewayError` becomes bytes.
enum ErrorResponse {
    /// Answers with `application/problem+json` (RFC 9457), or with HTML or plain text for those who accept only that.
    static func send(_ error: GatewayError, allow: HTTPMethodSet? = nil, on exchange: Exchange, scratch: ByteBuffer) {
        let entry = error.reason.entry
        let kind = media(exchange)
        let response = exchange.response
        response.clear()
        response.status = entry.status
        let fields = response.fields
        fields.append(.contentType, ByteView(kind.contentType))
        fields.append(.proxyStatus) { out in
            out.append("sluice; error=")
            out.append(entry.proxyError)
            out.append("; details=\"")
            out.append(entry.code)
            out.append("\"")
        }
        if let allow { fields.append("allow", allow.names.joined(separator: ", ")) }
        if entry.status == 503 || entry.status == 429 { fields.append(.retryAfter, ByteView("1")) }
        let id = exchange.requestID
        fields.append(.xRequestID) { out in
            if let given = requestID(exchange) {
                given.withView { out.append($0) }
            } else {
                id.write(to: out)
            }
        }
        scratch.clear()
        write(error, entry, kind, exchange, to: scratch)
        response.framing = .length(scratch.count)
        exchange.error = error
        exchange.reply(body: scratch.view)
    }

    /// The id that a trusted peer gave, once the headers have been laid over.
    private static func requestID(_ exchange: Exchange) -> [UInt8]? {
        guard exchange.client.isTrusted else { return nil }
        return exchange.request.fields[.xRequestID].flatMap { value in
            guard value.count <= 128, !value.isEmpty else { return nil }
            for i in 0..<value.count where !ASCII.isUnreserved(value[i]) { return nil }
            return value.array
        }
    }

    private enum Media {
        case json, html, text
        var contentType: StaticString {
            switch self {
            case .json: "application/problem+json"
            case .html: "text/html; charset=utf-8"
            case .text: "text/plain; charset=utf-8"
            }
        }
    }

    /// What the client accepts: JSON when it names that, else HTML or plain text when it names those, else JSON.
    private static func media(_ exchange: Exchange) -> Media {
        guard exchange.request.fields.contains(.accept) else { return .json }
        var json = false, html = false, text = false
        exchange.request.fields.forEach(named: ByteView("accept")) { value in
            value.forEachListElement { element in
                let type = element.prefix(element.firstIndex(of: UInt8(ascii: ";")) ?? element.count).trimmed
                if type.equalsIgnoringCase("text/html") { html = true }
                if type.equalsIgnoringCase("text/plain") || type.equalsIgnoringCase("text/*") { text = true }
                if type.equalsIgnoringCase("application/problem+json") || type.equalsIgnoringCase("application/json")
                    || type.equalsIgnoringCase("application/*")
                {
                    json = true
                }
                return true
            }
            return true
        }
        return json ? .json : html ? .html : text ? .text : .json
    }

    private static func write(_ error: GatewayError, _ entry: Reason.Entry, _ media: Media, _ exchange: Exchange, to out: ByteBuffer) {
        switch media {
        case .json:
            out.append("{\"type\":\"urn:sluice:error:")
            out.append(entry.code)
            out.append("\",\"title\":\"")
            out.append(entry.title)
            out.append("\",\"status\":")
            out.append(decimal: entry.status)
            out.append(",\"detail\":\"")
            appendJSON(error.detail, to: out)
            out.append("\",\"reason\":\"")
            out.append(entry.code)
            out.append("\",\"requestId\":\"")
            if let id = exchange.response.fields[.xRequestID] { out.append(id) }
            out.append("\"}\n")
        case .html:
            out.append("<!doctype html><meta charset=\"utf-8\"><title>")
            out.append(entry.title)
            out.append("</title><h1>")
            out.append(decimal: entry.status)
            out.append(" ")
            out.append(entry.title)
            out.append("</h1><p>Reason: ")
            out.append(entry.code)
            out.append(". Request: ")
            if let id = exchange.response.fields[.xRequestID] { out.append(id) }
            out.append(".</p>\n")
        case .text:
            out.append(entry.title)
            out.append(" (")
            out.append(entry.code)
            out.append(")\n")
        }
    }

    private static func appendJSON(_ text: String, to out: ByteBuffer) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                out.append(byte: UInt8(ascii: "\\"))
                out.append(byte: byte)
            case 0..<0x20: out.append(byte: UInt8(ascii: " "))
            default: out.append(byte: byte)
            }
        }
    }
}

extension Exchange {
    /// Sends `response` with a whole body. The framing says how long it is.
    func reply(body: ByteView) {
        guard let downstream else { return }
        downstream.sendHead(self)
        downstream.sendBody(body)
        downstream.sendEnd(trailers: nil)
    }
}
