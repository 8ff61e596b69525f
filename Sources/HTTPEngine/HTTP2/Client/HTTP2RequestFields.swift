import GatewayCore
import Primitives

/// The head of a request as HTTP/2 has it (RFC 9113 §8.3.1): pseudo fields, then what may be forwarded.
enum HTTP2RequestFields {
    /// Calls `body` with each field. Views are valid until the head or `scratch` changes; nghttp2 makes names lower case.
    static func forEach(_ exchange: Exchange, scratch: ByteBuffer, _ body: (ByteView, ByteView) -> Void) {
        let request = exchange.request
        let fields = request.fields
        let method = request.rewrittenMethod.map { ByteView($0.name) } ?? request.methodName
        body(ByteView(":method"), method)
        body(ByteView(":scheme"), ByteView("http"))
        if let host = fields[.host] { body(ByteView(":authority"), host) }
        body(ByteView(":path"), request.view(request.forwardSpan.isEmpty ? request.targetSpan : request.forwardSpan))
        for i in 0..<fields.count where !fields.isRemoved(at: i) {
            let known = fields.known(at: i)
            if known.isHopByHop || known == .host || known == .contentLength { continue }
            body(fields.name(at: i), fields.value(at: i))
        }
        if request.acceptsTrailers { body(ByteView("te"), ByteView("trailers")) }
        switch request.forwardFraming {
        case .length(let count):
            scratch.append(decimal: count)
            body(ByteView("content-length"), scratch.view)
        case .none, .untilClose:
            // A method that is expected to have a body says so when it has none (RFC 9110 §8.6).
            switch request.forwardMethod {
            case .post, .put, .patch: body(ByteView("content-length"), ByteView("0"))
            default: break
            }
        case .chunked: break
        }
    }
}
