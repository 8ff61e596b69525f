import GatewayCore
import HTTPEngine
import Routing
import Telemetry
import Upstreams

/// A snapshot as one event loop holds it: with that loop's lanes and counters, and with a reference count of the loop's
/// own, so that loops do not fight over the snapshot's.
final class SnapshotView: ExchangeSnapshot {
    let snapshot: Snapshot
    let table: RouteTable
    let routes: [CompiledRoute]
    let timing: TimingRule?
    /// By the index of the upstream in the snapshot.
    let lanes: [UpstreamLane]
    /// By the index of the route; made when the route is first taken.
    var stats: [RouteStats?]
    /// By the indexes of upstream and endpoint; made when first logged.
    private var endpointLabels: [[EndpointLabels?]]

    init(_ snapshot: Snapshot, lanes: [UpstreamLane], stats: [RouteStats?]) {
        self.snapshot = snapshot
        table = snapshot.table
        routes = snapshot.routes
        timing = snapshot.timing
        self.lanes = lanes
        self.stats = stats
        endpointLabels = lanes.map { _ in [] }
    }

    func info(ofRoute index: Int) -> RouteInfo? { routes.indices.contains(index) ? routes[index].info : nil }

    /// The names that an exchange's log line gives its upstream and endpoint.
    func labels(of exchange: Exchange) -> EndpointLabels? {
        let upstream = Int(exchange.upstreamIndex), endpoint = Int(exchange.endpointIndex)
        guard lanes.indices.contains(upstream) else { return nil }
        let lane = lanes[upstream]
        let name = lane.endpoints.indices.contains(endpoint) ? lane.endpoints[endpoint].settings.name : ""
        let place = endpoint + 1
        while endpointLabels[upstream].count <= place { endpointLabels[upstream].append(nil) }
        // Endpoints that come from DNS change behind the same index.
        if let known = endpointLabels[upstream][place], known.endpoint == name { return known }
        let labels = EndpointLabels(upstream: lane.settings.name, endpoint: name)
        endpointLabels[upstream][place] = labels
        return labels
    }
}

/// What one route has carried on one loop.
final class RouteStats {
    /// Few codes a route: a list is shorter than a table.
    private(set) var statuses: [(status: Int, count: UInt64)] = []
    private(set) var latency = LatencyHistogram()

    func record(status: Int, nanoseconds: UInt64) {
        latency.record(nanoseconds)
        for i in statuses.indices where statuses[i].status == status {
            statuses[i].count += 1
            return
        }
        statuses.append((status, 1))
    }
}
