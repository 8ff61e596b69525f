import GatewayCore
import Primitives

/// Gathers the response to a request of the gateway's own.
struct ResponseCollector {
    private let most: Int
    private var body: [UInt8] = []

    init(most: Int) { self.most = most }

    /// Why the response can't be taken whole; nil while it can.
    mutating func take(_ bytes: ByteView) -> GatewayError? {
        guard bytes.count <= most &- body.count else {
            return GatewayError(.upstreamBadResponse, .upstream, "The response is longer than \(most) bytes.")
        }
        body.append(contentsOf: bytes.array)
        return nil
    }

    func response(_ head: ResponseHead, trailers: HeaderFields?) -> FetchResponse {
        FetchResponse(
            status: head.status, headers: ResponseCollector.list(head.fields), body: body, trailers: trailers.map(ResponseCollector.list) ?? [])
    }

    private static func list(_ fields: HeaderFields) -> [(name: String, value: String)] {
        var list: [(name: String, value: String)] = []
        for i in 0..<fields.count where !fields.isRemoved(at: i) { list.append((fields.name(at: i).string, fields.value(at: i).string)) }
        return list
    }
}

extension RequestHead {
    /// Fills the head of a request that the gateway itself makes.
    func compose(method: String, target: String, host: String, headers: [(name: String, value: String)], body: [UInt8], closes: Bool) {
        methodSpan = store { $0.append(text: method) }
        self.method = method.withView { HTTPMethod($0) }
        targetSpan = store { $0.append(text: target) }
        fields.append("host", host)
        if !headers.contains(where: { $0.name.lowercased() == "user-agent" }) { fields.append("user-agent", "sluice") }
        if closes { fields.append("connection", "close") }
        acceptsTrailers = true
        for (name, value) in headers { fields.append(name, value) }
        switch self.method {
        // A method that is expected to have a body says so when it has none (RFC 9110 §8.6).
        case .post, .put, .patch: framing = .length(body.count)
        default: framing = body.isEmpty ? .none : .length(body.count)
        }
    }
}
