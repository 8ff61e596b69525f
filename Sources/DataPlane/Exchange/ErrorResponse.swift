import GatewayCore
import Primitives

/// The gateway's own answers to what went wrong: the only place where a `GatewayError` becomes bytes.
enum ErrorResponse {
    /// Answers at once.
    static func send(_ error: GatewayError, allow: HTTPMethodSet? = nil, on exchange: Exchange, scratch: ByteBuffer) {
        scratch.clear()
        exchange.error = error
        compose(error, allow: allow, on: exchange, body: scratch)
        exchange.reply(body: scratch.view)
    }

    /// Writes `application/problem+json` (RFC 9457), or HTML or plain text for those who accept only that: the head into
    /// `exchange.response`, the body behind what is in `body`.
    ///
    /// Callers of gRPC get the status that it stands for, and no body.
    ///
    /// - Parameter keepsFields: fields that are in the response stay.
    static func compose(
        _ error: GatewayError, allow: HTTPMethodSet? = nil, keepsFields: Bool = false, on exchange: Exchange, body: ByteBuffer
    ) {
        let entry = error.reason.entry
        let response = exchange.response
        if !keepsFields { response.clear() }
        let fields = response.fields
        fields.append(.proxyStatus) { out in
            out.append("sluice; error=")
            out.append(entry.proxyError)
            out.append("; details=\"")
            out.append(entry.code)
            out.append("\"")
        }
        fields.remove(.xRequestID)
        fields.append(.xRequestID) { exchange.writeRequestID(to: $0) }
        guard exchange.call == .none else { return CallErrorResponse.compose(error, on: exchange) }
        let kind = media(exchange)
        response.status = error.status
        fields.append(.contentType, ByteView(kind.contentType))
        if let allow { fields.append("allow", allow.names.joined(separator: ", ")) }
        if error.status == 503 || error.status == 429, !fields.contains(.retryAfter) { fields.append(.retryAfter, ByteView("1")) }
        write(error, entry, kind, exchange, to: body)
        response.framing = .length(body.count)
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
            out.append(decimal: error.status)
            out.append(",\"detail\":\"")
            appendJSON(error.detail, to: out)
            out.append("\",\"reason\":\"")
            out.append(entry.code)
            out.append("\",\"requestId\":\"")
            exchange.writeRequestID(to: out)
            out.append("\"}\n")
        case .html:
            out.append("<!doctype html><meta charset=\"utf-8\"><title>")
            out.append(entry.title)
            out.append("</title><h1>")
            out.append(decimal: error.status)
            out.append(" ")
            out.append(entry.title)
            out.append("</h1><p>Reason: ")
            out.append(entry.code)
            out.append(". Request: ")
            exchange.writeRequestID(to: out)
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
