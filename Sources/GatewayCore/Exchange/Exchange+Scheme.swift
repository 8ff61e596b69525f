package import Primitives

extension Exchange {
    /// `http` or `https`, as the client sees it: what a trusted peer says in `X-Forwarded-Proto`, else the listener's.
    package var clientScheme: ByteView {
        if client.isTrusted, let given = request.fields[.xForwardedProto] {
            // Of several proxies the first is the one that the client talks to.
            let first = given.prefix(given.firstIndex(of: UInt8(ascii: ",")) ?? given.count).trimmed
            if first.equalsIgnoringCase("https") { return ByteView("https") }
            if first.equalsIgnoringCase("http") { return ByteView("http") }
        }
        return ByteView(listener?.scheme ?? "http")
    }
}
