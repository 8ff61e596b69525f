import GatewayCore
import Primitives

/// The four forms of a request-target (RFC 9112 §3.2), and the one that is matched and forwarded.
enum RequestTarget {
    /// Sets path, query and host of the head; the error of a request that is refused.
    static func interpret(_ head: RequestHead) -> GatewayError? {
        if head.method == .connect { return GatewayError(.connectRefused, "This gateway opens no tunnels.") }
        var hosts = 0
        var hostRange: ByteView?
        head.fields.forEach(named: ByteView("host")) {
            hosts += 1
            hostRange = $0
            return true
        }
        guard hosts <= 1 else { return GatewayError(.badHost, "Host stands more than once.") }
        guard hosts == 1 || head.minorVersion == 0 else { return GatewayError(.badHost, "An HTTP/1.1 request must have a Host.") }
        let target = head.target
        if target[0] == UInt8(ascii: "/") {
            if let hostRange, let error = setAuthority(head, hostRange) { return error }
            return setPath(head, from: Int(head.targetSpan.start), count: target.count)
        }
        if target == "*" {
            guard head.method == .options else { return GatewayError(.badTarget, "The target * is for OPTIONS alone.") }
            if let hostRange, let error = setAuthority(head, hostRange) { return error }
            head.pathSpan = head.targetSpan
            return nil
        }
        // Its Host is ignored, but a malformed one is refused all the same (RFC 9112 §3.2).
        if let hostRange, Authority.hostLength(hostRange) == nil {
            return GatewayError(.badHost, "The host is empty or malformed.")
        }
        return absoluteForm(head)
    }

    /// `http://host/path`: its authority wins over the Host field (RFC 9112 §3.2.2).
    private static func absoluteForm(_ head: RequestHead) -> GatewayError? {
        let target = head.target
        var authority = 0
        for scheme: StaticString in ["http://", "https://"] {
            let length = scheme.utf8CodeUnitCount
            if target.count > length, target.prefix(length).equalsIgnoringCase(scheme) { authority = length }
        }
        guard authority > 0 else { return GatewayError(.badTarget, "The request target is neither a path nor an http URI.") }
        var end = authority
        while end < target.count, target[end] != UInt8(ascii: "/"), target[end] != UInt8(ascii: "?"), target[end] != UInt8(ascii: "#") {
            end += 1
        }
        if let error = setAuthority(head, target[authority..<end]) { return error }
        let start = Int(head.targetSpan.start) + end
        let rest = target.count - end
        if rest == 0 || target[end] == UInt8(ascii: "?") {
            // An empty path is "/" (RFC 9110 §4.2.3).
            if rest > 0 { head.querySpan = RequestHead.Span(start + 1..<start + rest) }
            head.pathSpan = head.method == .options && rest == 0 ? head.store { $0.append("*") } : head.store { $0.append("/") }
            return checkQuery(head)
        }
        return setPath(head, from: start, count: rest)
    }

    private static func setPath(_ head: RequestHead, from start: Int, count: Int) -> GatewayError? {
        let whole = head.fields.storage.view(start..<start + count)
        let path = whole.prefix(whole.firstIndex(of: UInt8(ascii: "?")) ?? count)
        if path.count < count { head.querySpan = RequestHead.Span(start + path.count + 1..<start + count) }
        if PathNormaliser.isNormal(path) {
            head.pathSpan = RequestHead.Span(start..<start + path.count)
            return checkQuery(head)
        }
        let scratch = head.fields.storage
        // The output is never longer than the input: with the room made first, the view stays valid.
        scratch.reserve(path.count)
        let stable = scratch.view(start..<start + path.count)
        let begin = scratch.count
        guard PathNormaliser.normalise(stable, into: scratch) else {
            return GatewayError(.badTarget, "The path holds a byte or an escape that is not allowed there.")
        }
        head.pathSpan = RequestHead.Span(begin..<scratch.count)
        return checkQuery(head)
    }

    private static func checkQuery(_ head: RequestHead) -> GatewayError? {
        guard let query = head.query, query.contains(UInt8(ascii: "#")) else { return nil }
        return GatewayError(.badTarget, "The request target holds a fragment.")
    }

    /// Checks an authority and stores the host in lower case, without port and trailing dot.
    private static func setAuthority(_ head: RequestHead, _ authority: ByteView) -> GatewayError? {
        guard let hostLength = Authority.hostLength(authority) else {
            return GatewayError(.badHost, "The host is empty or malformed.")
        }
        // `authority` is a view of the storage that is about to grow: make room, then find it again.
        let storage = head.fields.storage
        let offset = storage.view.offset(of: authority)
        storage.reserve(authority.count)
        head.authoritySpan = RequestHead.Span(offset..<offset + authority.count)
        let host = storage.view(offset..<offset + hostLength)
        var isLower = true
        for i in 0..<host.count where ASCII.lowercase(host[i]) != host[i] { isLower = false }
        let dotted = host.count > 1 && host[host.count - 1] == UInt8(ascii: ".") ? host.prefix(host.count - 1) : host
        if isLower {
            head.hostSpan = RequestHead.Span(offset..<offset + dotted.count)
        } else {
            head.hostSpan = head.store { out in for i in 0..<dotted.count { out.append(byte: ASCII.lowercase(dotted[i])) } }
        }
        return nil
    }
}
