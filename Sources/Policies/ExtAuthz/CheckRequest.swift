import GatewayCore
import PolicyKit
import Primitives
import Reactor

/// `envoy.service.auth.v3.CheckRequest`, as far as a gateway has something to say; the numbers are those of Envoy's files
/// `external_auth.proto`, `attribute_context.proto`, `address.proto`.
struct CheckRequest: Sendable {
    /// Nil: all.
    let names: FieldNames?
    /// `context_extensions`.
    let extensions: [(name: String, value: String)]
    /// The body goes into `raw_body`, for what is no text.
    let packsAsBytes: Bool

    func bytes(_ exchange: Exchange, body: [UInt8]?) -> [UInt8] {
        var message = ProtobufWriter()
        message.message(1) { attributes in
            attributes.message(1) { writePeer(exchange, &$0) }
            attributes.message(2) { peer in
                peer.message(1) { $0.message(1) { $0.integer(3, Int(exchange.listener?.port ?? 0)) } }
            }
            attributes.message(4) { request in
                request.message(1) { writeTime(exchange, &$0) }
                request.message(2) { write(exchange, body, &$0) }
            }
            for (name, value) in extensions { attributes.entry(10, name, value) }
        }
        return message.bytes
    }

    /// Who calls: the address, and whom a policy before has found.
    private func writePeer(_ exchange: Exchange, _ peer: inout ProtobufWriter) {
        peer.message(1) { address in
            address.message(1) { socket in
                socket.string(2, exchange.client.address.description)
                socket.integer(3, Int(exchange.client.port))
            }
        }
        peer.string(4, exchange.principal?.subject ?? exchange.consumer?.name ?? "")
    }

    private func writeTime(_ exchange: Exchange, _ time: inout ProtobufWriter) {
        let (seconds, nanoseconds) = exchange.loop.wallClock.quotientAndRemainder(dividingBy: 1_000_000_000)
        time.integer(1, Int(seconds))
        time.integer(2, Int(nanoseconds))
    }

    private func write(_ exchange: Exchange, _ body: [UInt8]?, _ http: inout ProtobufWriter) {
        let request = exchange.request
        let method = request.methodName.string, target = exchange.normalTarget, host = request.authority.string
        let scheme = exchange.clientScheme.string
        http.string(1, exchange.requestIDText)
        http.string(2, method)
        for (name, value) in headers(exchange) { http.entry(3, name, value) }
        // Services that know Envoy look for these among the fields.
        for (name, value) in [(":method", method), (":path", target), (":authority", host), (":scheme", scheme), ("x-forwarded-proto", scheme)] {
            http.entry(3, name, value)
        }
        http.string(4, target)
        http.string(5, host)
        http.string(6, scheme)
        http.integer(9, request.announcedSize)
        http.string(10, request.majorVersion == 2 ? "HTTP/2" : request.minorVersion == 0 ? "HTTP/1.0" : "HTTP/1.1")
        guard let body else { return }
        if packsAsBytes { http.data(12, body) } else { http.string(11, String(decoding: body, as: UTF8.self)) }
    }

    /// Several lines of a field are one list (RFC 9110 §5.3).
    private func headers(_ exchange: Exchange) -> [(name: String, value: String)] {
        var order: [String] = [], values: [String: String] = [:]
        for (name, value) in exchange.request.fields.forAsking({ names?.contains($0) ?? true }) {
            if let before = values[name] {
                values[name] = "\(before), \(value)"
            } else {
                order.append(name)
                values[name] = value
            }
        }
        return order.map { ($0, values[$0] ?? "") }
    }
}
