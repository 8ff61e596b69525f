import GatewayCore
import HTTPEngine
import Reactor
import SharedState
import Synchronization
import Telemetry
import Upstreams

/// What one event loop has counted, copied so that others can add it up.
struct WorkerReport: Sendable {
    struct Route: Sendable {
        let index: Int
        let statuses: [(status: Int, count: UInt64)]
        let latency: LatencyHistogram
    }

    struct Endpoint: Sendable {
        let upstream: String
        let endpoint: String
        let address: String
        /// It takes requests: neither checks nor what became of requests speak against it.
        let isHealthy: Bool
        let connections: Int
        let idle: Int
        let counters: EndpointCounters
    }

    struct Server: Sendable {
        let listener: String
        let counters: ServerCounters
    }

    struct Lane: Sendable {
        let upstream: String
        let queued: Int
        let retries: RetryCounters
        let hedges: HedgeCounters
        /// Nil without one.
        let limit: Int?
        let inFlight: Int
    }

    let loop: Int
    let exchanges: Int
    let tunnels: Int
    let routes: [Route]
    let unrouted: Route
    let endpoints: [Endpoint]
    let servers: [Server]
    let lanes: [Lane]
    let lag: LoopLag
    /// Nil: the loop has no server to count on.
    let redis: RedisReport?
    let overload: OverloadController?
    var guards: GuardCounters?
}

extension WorkerReport.Lane {
    fileprivate init(_ lane: UpstreamLane) {
        self.init(
            upstream: lane.settings.name, queued: lane.queued, retries: lane.vitals.retries, hedges: lane.vitals.hedges,
            limit: lane.settings.adaptive == nil ? nil : lane.vitals.limit, inFlight: lane.inFlight)
    }
}

extension Worker {
    func report(_ redis: RedisClient) -> WorkerReport {
        let routes = view.stats.enumerated().compactMap { index, stats in
            stats.map { WorkerReport.Route(index: index, statuses: $0.statuses, latency: $0.latency) }
        }
        let endpoints = view.lanes.flatMap { lane in
            lane.endpoints.filter { !$0.isGone }.map {
                WorkerReport.Endpoint(
                    upstream: lane.settings.name, endpoint: $0.settings.name, address: $0.settings.address.description,
                    isHealthy: $0.isHealthy && !$0.isPaused, connections: $0.open, idle: $0.idle.count, counters: $0.counters)
            }
        }
        let servers = everyServer.map {
            WorkerReport.Server(listener: $0.info.name, counters: $0.counters)
        }
        return WorkerReport(
            loop: loop.index, exchanges: pool.inUse, tunnels: tunnels.count, routes: routes,
            unrouted: WorkerReport.Route(index: -1, statuses: unrouted.statuses, latency: unrouted.latency), endpoints: endpoints,
            servers: servers, lanes: view.lanes.map(WorkerReport.Lane.init), lag: loop.lag, redis: redis.report(on: loop),
            overload: overload, guards: guards?.counters)
    }
}

extension Gateway {
    /// Collects a report of every loop and hands all of them to `done`, on the control loop, without blocking it.
    func collect(_ done: @escaping @Sendable ([WorkerReport]) -> Void) {
        let gathered = Gathering(workers.count)
        for worker in workers {
            worker.loop.post { [control, redis] in
                guard let all = gathered.add(worker.report(redis)) else { return }
                control.post { done(all) }
            }
        }
    }
}

/// Reports that are still coming in.
private final class Gathering: Sendable {
    private let expected: Int
    private let reports = Mutex<[WorkerReport]>([])

    init(_ expected: Int) { self.expected = expected }

    /// All of them, with the last.
    func add(_ report: WorkerReport) -> [WorkerReport]? {
        reports.withLock {
            $0.append(report)
            return $0.count == expected ? $0.sorted { $0.loop < $1.loop } : nil
        }
    }
}
