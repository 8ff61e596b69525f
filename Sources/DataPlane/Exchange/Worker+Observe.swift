import GatewayCore
import HTTPEngine
import PolicyKit
import Primitives
import Reactor
import Telemetry
import Upstreams

extension Worker: ExchangeObserver {
    func upstreamAnswered(_ exchange: Exchange) -> Bool {
        if let hedge = exchange.companion as? Hedge { hedge.firstAnswered() }
        if let lane = lane(of: exchange) {
            lane.answered(exchange)
            if retriesAnswer(exchange, lane) { return false }
        }
        return passAnswer(exchange)
    }

    /// The response in `exchange` is the one that the client gets. False: the exchange was answered otherwise, or is going to be.
    func passAnswer(_ exchange: Exchange) -> Bool {
        let response = exchange.response
        response.fields.removeHopByHop()
        response.fields.append(.via) { $0.append(VersionText.via(major: response.majorVersion, minor: response.minorVersion)) }
        if exchange.tunnel == .open { watchTunnel(exchange) }
        return passUpstreamHead(exchange)
    }

    func upstreamFailed(_ exchange: Exchange, _ error: GatewayError) {
        guard let lane = lane(of: exchange) else { return refuse(exchange, error) }
        if let hedge = exchange.companion as? Hedge, hedge.firstFailed(error) { return }
        retryOrRefuse(exchange, error, lane)
    }

    private func lane(of exchange: Exchange) -> UpstreamLane? {
        guard exchange.upstreamIndex >= 0, let view = exchange.snapshot as? SnapshotView else { return nil }
        return view.lanes[Int(exchange.upstreamIndex)]
    }

    func finished(_ exchange: Exchange) {
        exchange.task?.cancel()
        if let hedge = exchange.companion as? Hedge { hedge.firstFinished() }
        if exchange.isInBulkhead, let lane = lane(of: exchange) { leaveBulkhead(exchange, lane) }
        if exchange.chain.reached > 0 { chain(of: exchange)?.finish(exchange) }
        if let error = exchange.error { noteOffence(error, exchange) }
        logTiming(exchange)
        if exchange.tunnel == .open { exchange.tunnelWatch?.over() }
        if !exchange.paces.isEmpty { exchange.pacer?.over() }
        // How long a tunnel was open says nothing about how quick anybody was.
        let duration = (exchange.tunnel == .open ? exchange.upstreamAnswered : loop.now) - exchange.started
        let view = exchange.snapshot as? SnapshotView ?? self.view
        let status = exchange.status > 0 ? exchange.status : exchange.error?.status ?? 499
        stats(of: exchange, view).record(status: status, nanoseconds: duration)
        guard let accessLog else { return }
        let labels = exchange.route >= 0 ? view.routes[Int(exchange.route)].labels : nil
        accessLog.append(exchange, route: labels, endpoint: view.labels(of: exchange))
    }

    private func stats(of exchange: Exchange, _ view: SnapshotView) -> RouteStats {
        guard exchange.route >= 0 else { return unrouted }
        let index = Int(exchange.route)
        if let stats = view.stats[index] { return stats }
        let stats = RouteStats()
        view.stats[index] = stats
        return stats
    }
}
