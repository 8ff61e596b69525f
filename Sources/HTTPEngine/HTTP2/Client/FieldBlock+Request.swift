import GatewayCore
import Primitives

extension FieldBlock {
    /// The head of an exchange's request as HTTP/2 has it (RFC 9113 §8.3.1): pseudo fields, then what may be forwarded.
    func setRequest(_ exchange: Exchange, scheme: StaticString) {
        clear()
        let request = exchange.request
        let fields = request.fields
        let isTunnel = exchange.tunnel == .asked
        if isTunnel {
            append(":method", ByteView("CONNECT"))
            append(":protocol", request.upgrade)
        } else {
            append(":method", request.rewrittenMethod.map { ByteView($0.name) } ?? request.methodName)
        }
        append(":scheme", ByteView(scheme))
        if let host = fields[.host] { append(":authority", host) }
        append(":path", request.view(request.forwardSpan.isEmpty ? request.targetSpan : request.forwardSpan))
        for i in 0..<fields.count where !fields.isRemoved(at: i) {
            let known = fields.known(at: i)
            if known.isHopByHop || known == .host || known == .contentLength { continue }
            let name = fields.name(at: i)
            // What it proves, CONNECT proves by itself (RFC 8441 §5).
            if isTunnel, name.equalsIgnoringCase("sec-websocket-key") { continue }
            append(name, fields.value(at: i), isUnique: known == .xRequestID)
        }
        if request.acceptsTrailers { append("te", ByteView("trailers")) }
        guard !isTunnel else { return }
        switch request.forwardFraming {
        case .length(let count): append("content-length", decimal: count)
        case .none, .untilClose:
            // A method that is expected to have a body says so when it has none (RFC 9110 §8.6).
            switch request.forwardMethod {
            case .post, .put, .patch: append("content-length", decimal: 0)
            default: break
            }
        case .chunked: break
        }
    }
}
