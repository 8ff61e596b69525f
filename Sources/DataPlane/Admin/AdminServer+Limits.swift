import GatewayCore
import PolicyKit
import Primitives
import Reactor
import Schema
import SharedState

/// `/api/v1/limits`: what there is; with `name` and one `key` for each part of a caller's key, what that caller has left, or by DELETE that it
/// begins anew. `/api/v1/limits/counters`: those of quotas, by `prefix`; by DELETE, that of `key` begins anew.
extension AdminServer {
    /// Counters that are listed at most.
    private static var mostCounters: Int { 1000 }

    func limits(_ exchange: Exchange) {
        let names = parameters("name", of: exchange)
        guard let name = names.first else {
            guard exchange.request.method != .delete else { return refuse(exchange, "Which limit? Name it by `name` and `key`.") }
            return AdminServer.reply(exchange, LimitsPage.list(LimitsPage.entries(gateway.snapshot)))
        }
        guard let entry = LimitsPage.entries(gateway.snapshot).first(where: { $0.name == name }) else {
            return refuse(exchange, "There is no limit called `\(name)`.")
        }
        guard let key = entry.policy.limiterKey(named: parameters("key", of: exchange)) else {
            return refuse(exchange, "`key` is given once for each part of the limit's key; a route has two, its API and its name.")
        }
        let limiter = entry.limiter
        let resets = exchange.request.method == .delete
        answer(exchange) { loop in
            if resets, case .failure(let error) = await limiter.reset(key, on: loop) { return .failure(error) }
            return await limiter.report(key, on: loop).map { LimitsPage.windows(name, $0) }
        }
    }

    func counters(_ exchange: Exchange) {
        let stores = gateway.snapshot.stores
        let all = StoreKind.allCases.compactMap { stores.store($0) }
        if exchange.request.method == .delete {
            guard let key = parameters("key", of: exchange).first else { return refuse(exchange, "Which counter? Name it by `key`.") }
            return answer(exchange) { loop in
                for store in all {
                    if case .failure(let error) = await store.resetCounter(Array(key.utf8), on: loop) { return .failure(error) }
                }
                return .success(LimitsPage.counters([]))
            }
        }
        let prefix = Array((parameters("prefix", of: exchange).first ?? "").utf8)
        answer(exchange) { loop in
            var found: [(store: StoreKind, counter: CounterReport)] = []
            for store in all {
                switch await store.counters(prefix: prefix, most: AdminServer.mostCounters, on: loop) {
                case .success(let counters): found += counters.map { (store.kind, $0) }
                case .failure(let error): return .failure(error)
                }
            }
            return .success(LimitsPage.counters(found))
        }
    }

    private func parameters(_ name: String, of exchange: Exchange) -> [String] {
        var values: [String] = []
        guard let query = exchange.request.query else { return values }
        name.withView { name in
            QueryString.forEach(query, named: name) {
                values.append($0.string)
                return true
            }
        }
        return values
    }

    private func refuse(_ exchange: Exchange, _ detail: String) {
        ErrorResponse.send(GatewayError(.routeNotFound, .gateway, detail), on: exchange, scratch: scratch)
    }

    /// Answers with what a task on the control loop finds out; the client may have left by then.
    private func answer(
        _ exchange: Exchange, _ work: @escaping @Sendable (EventLoop) async -> Result<JSONValue, StoreError>
    ) {
        let pending = PendingAnswer(exchange)
        exchange.upstream = pending
        let loop = gateway.control
        Task(executorPreference: loop) {
            let result = await work(loop)
            guard let exchange = pending.take() else { return }
            switch result {
            case .success(let value): AdminServer.reply(exchange, value)
            case .failure(let error):
                ErrorResponse.send(GatewayError(.storeUnavailable, .gateway, error.description), on: exchange, scratch: ByteBuffer())
            }
        }
    }

    private static func reply(_ exchange: Exchange, _ value: JSONValue) {
        send(exchange, 200, "application/json", Array(value.text(pretty: true).utf8))
    }
}

extension Reason {
    static let storeUnavailable = Reason("store_unavailable", 503, "The store of the limits does not answer")
}
