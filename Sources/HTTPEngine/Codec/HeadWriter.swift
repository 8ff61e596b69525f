import GatewayCore
import Primitives

/// Writes heads of HTTP/1 messages.
enum HeadWriter {
    /// The request line, the fields as edited, and the framing, or the protocol that the upstream is asked to switch to.
    static func write(_ request: RequestHead, asksUpgrade: Bool = false, to out: ByteBuffer) {
        if asksUpgrade, request.method == .connect {
            // Extended CONNECT is what HTTP/2 has in place of GET with `Upgrade` (RFC 8441 §4).
            out.append("GET")
        } else if let method = request.rewrittenMethod {
            out.append(method.name)
        } else {
            out.append(request.methodName)
        }
        out.append(" ")
        out.append(request.view(request.forwardSpan.isEmpty ? request.targetSpan : request.forwardSpan))
        out.append(" HTTP/1.1\r\n")
        request.fields.write(to: out)
        if asksUpgrade {
            out.append("connection: upgrade\r\nupgrade: ")
            out.append(request.upgrade)
            return out.append("\r\n\r\n")
        }
        switch request.forwardFraming {
        case .length(let count):
            out.append("content-length: ")
            out.append(decimal: count)
            out.append("\r\n\r\n")
        case .chunked: out.append("transfer-encoding: chunked\r\n\r\n")
        case .none, .untilClose:
            // A method that is expected to have a body says so when it has none (RFC 9110 §8.6).
            switch request.rewrittenMethod {
            case .post, .put, .patch: out.append("content-length: 0\r\n\r\n")
            default: out.append("\r\n")
            }
        }
    }

    /// The status line and the fields as edited, without the empty line: framing follows.
    static func writeStatusAndFields(_ response: ResponseHead, to out: ByteBuffer) {
        writeStatusLine(response, to: out)
        response.fields.write(to: out)
    }

    private static func writeStatusLine(_ response: ResponseHead, to out: ByteBuffer) {
        if response.status == 200 { return out.append("HTTP/1.1 200 OK\r\n") }
        out.append("HTTP/1.1 ")
        out.append(decimal: response.status)
        out.append(" ")
        if response.reason.isEmpty { out.append(StatusText.phrase(response.status)) } else { out.append(response.reason) }
        out.append("\r\n")
    }
}
