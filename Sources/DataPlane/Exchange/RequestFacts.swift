import GatewayCore
import Primitives
import Routing

/// An exchange as routing sees it.
struct RequestFacts: RoutableRequest {
    let exchange: Exchange

    var method: HTTPMethod { exchange.request.method }
    var methodName: ByteView { exchange.request.methodName }
    var host: ByteView { exchange.request.host }
    var path: ByteView { exchange.request.path }
    var clientAddress: IPAddress { exchange.client.address }

    func forEachHeader(named name: ByteView, _ body: (ByteView) -> Bool) {
        exchange.request.fields.forEach(named: name, body)
    }

    func forEachQuery(named name: ByteView, _ body: (ByteView) -> Bool) {
        guard let query = exchange.request.query else { return }
        QueryString.forEach(query, named: name, body)
    }
}

/// `application/x-www-form-urlencoded` queries.
enum QueryString {
    /// Calls `body` with the decoded value of each parameter called `name`, until it answers false.
    static func forEach(_ query: ByteView, named name: ByteView, _ body: (ByteView) -> Bool) {
        var start = 0
        while start <= query.count {
            let end = query.firstIndex(of: UInt8(ascii: "&"), from: start) ?? query.count
            let pair = query[start..<end]
            start = end + 1
            guard !pair.isEmpty else { continue }
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.count
            guard decoded(pair.prefix(equals), { $0 == name }) else { continue }
            guard decoded(pair.dropFirst(equals + 1), body) else { return }
        }
    }

    /// Lends the bytes with "+" and escapes decoded; malformed escapes stay.
    private static func decoded<R>(_ text: ByteView, _ body: (ByteView) -> R) -> R {
        guard text.contains(UInt8(ascii: "%")) || text.contains(UInt8(ascii: "+")) else { return body(text) }
        let out = ByteBuffer(capacity: text.count)
        var at = 0
        while at < text.count {
            if text[at] == UInt8(ascii: "%"), at + 2 < text.count, let high = ASCII.hexValue(text[at + 1]),
                let low = ASCII.hexValue(text[at + 2])
            {
                out.append(byte: high << 4 | low)
                at += 3
            } else {
                out.append(byte: text[at] == UInt8(ascii: "+") ? UInt8(ascii: " ") : text[at])
                at += 1
            }
        }
        return body(out.view)
    }
}
