import GatewayCore
import PolicyKit
import Primitives
import Routing

/// CORS preflights (Fetch, "CORS-preflight fetch"): OPTIONS with `Origin` and `Access-Control-Request-Method`.
extension Worker {
    /// The route that the announced request would take, if its chain answers preflights.
    func preflightRoute(_ exchange: Exchange, _ view: SnapshotView) -> CompiledRoute? {
        guard let announced = announcedMethod(exchange) else { return nil }
        let request = exchange.request
        let method = request.method
        request.method = announced
        defer { request.method = method }
        guard case .route(let index) = view.table.match(RequestFacts(exchange: exchange, isPreflight: true), captures: &captures) else { return nil }
        let route = view.routes[index]
        return route.chain?.answersPreflights == true ? route : nil
    }

    private func announcedMethod(_ exchange: Exchange) -> HTTPMethod? {
        let fields = exchange.request.fields
        guard fields.first(ByteView("origin")) != nil else { return nil }
        return fields.first(ByteView("access-control-request-method")).map { HTTPMethod($0) }
    }

    func isPreflight(_ exchange: Exchange) -> Bool { exchange.request.method == .options && announcedMethod(exchange) != nil }
}
