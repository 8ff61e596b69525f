import GatewayCore
import HTTPEngine
import Upstreams

/// Parts of an upstream's limit.
extension Worker {
    /// False: the request was refused, because whoever it belongs to has its part in flight already.
    func entersBulkhead(_ exchange: Exchange, _ lane: UpstreamLane, _ by: Bulkhead.Division) -> Bool {
        guard lane.vitals.bulkhead?.enter(owner(of: exchange, by)) ?? true else {
            refuse(exchange, GatewayError(.upstreamOverloaded, .gateway, "Its part of upstream \(lane.settings.name) is in use."))
            return false
        }
        exchange.isInBulkhead = true
        return true
    }

    func leaveBulkhead(_ exchange: Exchange, _ lane: UpstreamLane) {
        exchange.isInBulkhead = false
        guard let by = lane.settings.bulkhead?.by else { return }
        lane.vitals.bulkhead?.leave(owner(of: exchange, by))
    }

    private func owner(of exchange: Exchange, _ by: Bulkhead.Division) -> Bulkhead.Owner {
        switch by {
        case .route: .route(exchange.route)
        case .api: exchange.routeInfo.map { .named($0.api) } ?? .nobody
        case .consumer: exchange.consumer.map { .named($0.name) } ?? .nobody
        }
    }
}
