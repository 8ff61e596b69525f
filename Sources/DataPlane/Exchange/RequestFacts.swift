import Expressions
import GatewayCore
import PolicyKit
import Primitives
import Routing

/// An exchange as routing sees it.
struct RequestFacts: RoutableRequest {
    let exchange: Exchange
    /// A preflight is about a request that is yet to come, of a type that it does not tell.
    var isPreflight = false

    var method: HTTPMethod { exchange.request.method }
    var methodName: ByteView { exchange.request.methodName }
    var host: ByteView { exchange.request.host }
    var path: ByteView { exchange.request.path }
    var clientAddress: IPAddress { exchange.client.address }
    var isCall: Bool { isPreflight || CallKind(contentType: exchange.request.fields[.contentType]) != .none }

    func forEachHeader(named name: ByteView, _ body: (ByteView) -> Bool) {
        exchange.request.fields.forEach(named: name, body)
    }

    func holds(_ expression: Expression) -> Bool { exchange.test(expression) ?? false }

    func forEachQuery(named name: ByteView, _ body: (ByteView) -> Bool) {
        guard let query = exchange.request.query else { return }
        QueryString.forEach(query, named: name, body)
    }
}
