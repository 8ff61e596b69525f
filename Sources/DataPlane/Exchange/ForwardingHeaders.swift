import GatewayCore
import Primitives

/// What a proxy adds to a request and what it must not pass on (RFC 9110 §7.6, RFC 7239).
enum ForwardingHeaders {
    /// Finds the client that the forwarding headers of a trusted peer name: the rightmost address that is not itself a
    /// trusted proxy's. Everything to the left of it may be invented.
    static func resolveClient(_ exchange: Exchange) {
        guard exchange.client.isTrusted, let listener = exchange.listener else { return }
        var chain: [IPAddress] = []
        let fields = exchange.request.fields
        if fields.contains(.forwarded) {
            fields.forEach(named: ByteView("forwarded")) { value in
                value.forEachListElement { element in
                    if let address = forwardedFor(element) { chain.append(address) } else { chain.removeAll() }
                    return true
                }
                return true
            }
        } else if fields.contains(.xForwardedFor) {
            fields.forEach(named: ByteView("x-forwarded-for")) { value in
                value.forEachListElement { element in
                    if let address = address(element) { chain.append(address) } else { chain.removeAll() }
                    return true
                }
                return true
            }
        }
        for address in chain.reversed() {
            exchange.client.address = address
            if !listener.trustedProxies.contains(where: { $0.contains(address) }) { return }
        }
    }

    /// The address of `for=` in one element of `Forwarded`.
    private static func forwardedFor(_ element: ByteView) -> IPAddress? {
        var start = 0
        while start < element.count {
            let end = element.firstIndex(of: UInt8(ascii: ";"), from: start) ?? element.count
            let pair = element[start..<end].trimmed
            if pair.count > 4, pair.prefix(4).equalsIgnoringCase("for=") {
                var value = pair.dropFirst(4)
                if value.count > 1, value[0] == UInt8(ascii: "\"") { value = value[1..<value.count - 1] }
                return address(value)
            }
            start = end + 1
        }
        return nil
    }

    /// An address with or without a port; IPv6 in brackets or bare.
    private static func address(_ text: ByteView) -> IPAddress? {
        guard text.count > 0, text.count < 64 else { return nil }
        let string = text.string
        if let address = IPAddress(parsing: string) { return address }
        guard let colon = string.lastIndex(of: ":") ?? string.firstIndex(of: "]") else { return nil }
        var host = string[..<colon]
        if string.hasSuffix("]") { host = string[...].dropLast() }
        if host.hasPrefix("[") { host = host.dropFirst() }
        if host.hasSuffix("]") { host = host.dropLast() }
        return IPAddress(parsing: String(host))
    }

    /// Lays the gateway's own headers over the request's.
    static func apply(_ exchange: Exchange) {
        let fields = exchange.request.fields
        noteTrailers(exchange.request)
        fields.removeHopByHop()
        if !exchange.request.expectsContinue { fields.remove(.expect) }
        let isTrusted = exchange.client.isTrusted
        if !isTrusted { fields.removeForwarding() }
        fields.append(.via) { $0.append(VersionText.via(major: exchange.request.majorVersion, minor: exchange.request.minorVersion)) }
        appendForwardedFor(exchange, fields)
        let scheme = exchange.listener?.scheme ?? "http"
        if !fields.contains(.xForwardedProto) { fields.append(.xForwardedProto, ByteView(scheme)) }
        let authority = exchange.request.authoritySpan
        if !fields.contains(.xForwardedHost), !authority.isEmpty {
            fields.append(.xForwardedHost) { out in
                // Room first: the authority is a view of the storage that is written to.
                out.reserve(Int(authority.count))
                out.append(out.view(authority.range))
            }
        }
        if !fields.contains(.xForwardedPort), let port = exchange.listener?.port {
            fields.append(.xForwardedPort) { $0.append(decimal: Int(port)) }
        }
        appendForwarded(exchange, fields, scheme)
        setRequestID(exchange, fields)
    }

    /// `TE` belongs to the connection, but what it says of trailers is true of the client.
    private static func noteTrailers(_ request: RequestHead) {
        request.fields.forEach(named: ByteView("te")) { value in
            value.forEachListElement { element in
                if element.equalsIgnoringCase("trailers") { request.acceptsTrailers = true }
                return true
            }
            return true
        }
    }

    private static func appendForwardedFor(_ exchange: Exchange, _ fields: HeaderFields) {
        guard fields.contains(.xForwardedFor) else {
            return fields.append(.xForwardedFor) { exchange.client.peer.write(to: $0) }
        }
        let before = ByteBuffer(capacity: 256)
        fields.forEach(named: ByteView("x-forwarded-for")) {
            before.append($0)
            before.append(", ")
            return true
        }
        exchange.client.peer.write(to: before)
        fields.set(.xForwardedFor, before.view)
    }

    /// `for=…;host=…;proto=…`, behind the elements that trusted peers wrote (RFC 7239 §4).
    private static func appendForwarded(_ exchange: Exchange, _ fields: HeaderFields, _ scheme: StaticString) {
        let authority = exchange.request.authoritySpan
        fields.append(.forwarded) { out in
            out.append("for=")
            let peer = exchange.client.peer
            if !peer.isIPv4 { out.append("\"[") }
            peer.write(to: out)
            if !peer.isIPv4 { out.append("]\"") }
            if !authority.isEmpty {
                out.append(";host=\"")
                out.reserve(Int(authority.count))
                out.append(out.view(authority.range))
                out.append("\"")
            }
            out.append(";proto=")
            out.append(scheme)
        }
    }

    /// The id by which the gateway's logs and answers know the exchange, whatever the client has sent.
    private static func setRequestID(_ exchange: Exchange, _ fields: HeaderFields) {
        fields.remove(.xRequestID)
        fields.append(.xRequestID) { exchange.writeRequestID(to: $0) }
    }
}
