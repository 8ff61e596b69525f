import GatewayCore
import Primitives
import Upstreams

/// The request-target that is sent upstream: the normalised path as the route changes it, with the query as it came.
enum ForwardTarget {
    static func set(_ exchange: Exchange, _ route: CompiledRoute, scratch: ByteBuffer) {
        let request = exchange.request
        if let rewritten = request.rewrittenSpan {
            scratch.clear()
            scratch.append(request.view(rewritten))
            return store(request, path: scratch.view)
        }
        if let rewrite = route.rewrite {
            scratch.clear()
            rewrite.render(exchange, to: scratch)
            return store(request, path: scratch.view)
        }
        let path = request.pathSpan
        let strip = route.info.stripsBasePath ? exchange.captures.pathStart : 0
        let isInPlace = path.start >= request.targetSpan.start && path.start < request.targetSpan.start + request.targetSpan.count
        if isInPlace, strip < Int(path.count), !request.isQueryEdited {
            // The path and the query stand behind each other in the bytes that came.
            let end = Int(request.targetSpan.start) + Int(request.targetSpan.count)
            request.forwardSpan = RequestHead.Span(Int(path.start) + strip..<end)
            return
        }
        scratch.clear()
        if strip < Int(path.count) { scratch.append(request.path.dropFirst(strip)) } else { scratch.append("/") }
        store(request, path: scratch.view)
    }

    private static func store(_ request: RequestHead, path: ByteView) {
        let query = request.querySpan
        request.forwardSpan = request.store { out in
            if path.isEmpty || (path[0] != UInt8(ascii: "/") && !(path == "*")) { out.append("/") }
            out.append(path)
            guard let query else { return }
            out.append("?")
            out.reserve(Int(query.count))
            out.append(out.view(query.range))
        }
    }
}

/// The `Host` that is sent upstream.
enum ForwardHost {
    static func set(_ exchange: Exchange, _ rule: HostHeader) {
        let request = exchange.request
        if let rewritten = request.rewrittenHostSpan {
            request.fields.remove(.host)
            return request.fields.append(.host, at: rewritten)
        }
        switch rule {
        case .endpoint: exchange.hostIsEndpoint = true
        case .literal(let host): host.withView { request.fields.set(.host, $0) }
        case .preserve:
            guard !request.authoritySpan.isEmpty else {
                // An HTTP/1.0 client named no host.
                exchange.hostIsEndpoint = true
                return
            }
            if let host = request.fields[.host], host == request.authority { return }
            // The request-target named another one, which wins (RFC 9112 §3.2.2).
            request.fields.remove(.host)
            request.fields.append(.host, at: request.authoritySpan)
        }
    }
}
