import HTTPEngine
import Reactor
import Telemetry

/// The metrics page. Names and labels are part of the contract with dashboards: docs/operation.md lists them.
enum MetricsPage {
    static func render(
        _ reports: [WorkerReport], _ snapshot: Snapshot, _ status: GatewayStatus, _ events: EventLog, _ format: MetricsFormat
    ) -> [UInt8] {
        var text = MetricsText(format)
        routes(reports, snapshot, &text)
        upstreams(reports, &text)
        ResiliencePage.write(reports, snapshot, to: &text)
        listeners(reports, &text)
        loops(reports, &text)
        configuration(status, &text)
        policies(snapshot, &text)
        if let guards = status.guards { GuardPage.write(guards, reports, to: &text) }
        self.events(events, &text)
        StatePage.write(reports, to: &text)
        if let gossip = status.gossip { GossipPage.write(gossip, to: &text) }
        if let localSync = status.localSync { GossipPage.write(localSync, to: &text) }
        if status.hasIssuers { CertificatePage.write(status.certificates, leads: status.leads, to: &text) }
        ProcessMetrics.read()?.write(to: &text)
        return text.finish()
    }

    private static func routes(_ reports: [WorkerReport], _ snapshot: Snapshot, _ text: inout MetricsText) {
        struct Sum {
            var statuses: [Int: UInt64] = [:]
            var latency = LatencyHistogram()
        }
        var sums: [Int: Sum] = [:]
        for report in reports {
            for route in report.routes + [report.unrouted] {
                for (status, count) in route.statuses { sums[route.index, default: Sum()].statuses[status, default: 0] += count }
                sums[route.index, default: Sum()].latency.merge(route.latency)
            }
        }
        let ordered = sums.keys.sorted().filter { $0 < snapshot.routes.count && !(sums[$0]?.statuses.isEmpty ?? true) }
        func labels(_ index: Int) -> [(String, String)] {
            index < 0 ? [("api", ""), ("route", "")] : [("api", snapshot.routes[index].api), ("route", snapshot.routes[index].name)]
        }
        text.family("sluice_requests", .counter, "Requests answered, by API, route and status. Without a route: refused or not found.")
        for index in ordered {
            for (status, count) in (sums[index]?.statuses ?? [:]).sorted(by: { $0.key < $1.key }) {
                text.sample(labels(index) + [("status", "\(status)")], count)
            }
        }
        text.family("sluice_request_duration_seconds", .histogram, "From the head of the request to the end of the response.")
        for index in ordered { if let sum = sums[index] { text.histogram(labels(index), sum.latency) } }
        text.family("sluice_exchanges_in_flight", .gauge, "Requests that are being answered.")
        text.sample([], UInt64(reports.reduce(0) { $0 + max(0, $1.exchanges) }))
        text.family("sluice_tunnels", .gauge, "Open WebSockets and tunnels of other protocols; they are among the requests in flight.")
        text.sample([], UInt64(reports.reduce(0) { $0 + $1.tunnels }))
    }

    private static func upstreams(_ reports: [WorkerReport], _ text: inout MetricsText) {
        var sums: [String: EndpointSum] = [:]
        for report in reports {
            for endpoint in report.endpoints { sums["\(endpoint.upstream)\u{0}\(endpoint.address)", default: EndpointSum(endpoint)].add(endpoint) }
        }
        let ordered = sums.sorted { $0.key < $1.key }.map(\.value)
        text.family("sluice_upstream_requests", .counter, "Requests sent, by upstream and endpoint; retries count again.")
        for sum in ordered { text.sample(sum.labels, sum.requests) }
        text.family("sluice_upstream_failures", .counter, "Requests that failed at the endpoint: not connected, broken off, timed out, malformed.")
        for sum in ordered { text.sample(sum.labels, sum.failures) }
        text.family("sluice_upstream_connections", .gauge, "Open connections.")
        for sum in ordered { text.sample(sum.labels, UInt64(max(0, sum.connections))) }
        text.family("sluice_upstream_idle_connections", .gauge, "Open connections that carry no request.")
        for sum in ordered { text.sample(sum.labels, UInt64(max(0, sum.idle))) }
        text.family("sluice_endpoint_healthy", .gauge, "1 when the endpoint takes requests.")
        for sum in ordered { text.sample(sum.labels, sum.isHealthy ? 1 as UInt64 : 0) }
        text.family("sluice_upstream_queue", .gauge, "Requests that wait for a connection.")
        var queued: [String: Int] = [:]
        for lane in reports.flatMap(\.lanes) { queued[lane.upstream, default: 0] += lane.queued }
        for (name, count) in queued.sorted(by: { $0.key < $1.key }) { text.sample([("upstream", name)], UInt64(max(0, count))) }
    }

    private struct EndpointSum {
        let labels: [(String, String)]
        var requests: UInt64 = 0, failures: UInt64 = 0
        var connections = 0, idle = 0
        var isHealthy = true

        init(_ endpoint: WorkerReport.Endpoint) {
            labels = [("upstream", endpoint.upstream), ("endpoint", endpoint.endpoint), ("address", endpoint.address)]
        }

        mutating func add(_ endpoint: WorkerReport.Endpoint) {
            requests += endpoint.counters.requests
            failures += endpoint.counters.failures
            connections += endpoint.connections
            idle += endpoint.idle
            isHealthy = isHealthy && endpoint.isHealthy
        }
    }

    private static func listeners(_ reports: [WorkerReport], _ text: inout MetricsText) {
        var sums: [String: ServerCounters] = [:]
        for server in reports.flatMap(\.servers) { sums[server.listener, default: ServerCounters()].add(server.counters) }
        let ordered = sums.sorted { $0.key < $1.key }
        func family(_ name: String, _ type: MetricType, _ help: String, _ value: (ServerCounters) -> UInt64) {
            text.family(name, type, help)
            for (name, counters) in ordered { text.sample([("listener", name)], value(counters)) }
        }
        family("sluice_connections", .gauge, "Open client connections.") { UInt64(max(0, $0.open)) }
        family("sluice_connections_accepted", .counter, "Client connections accepted.") { $0.accepted }
        family("sluice_connections_refused", .counter, "Client connections refused because of limits.connections.") { $0.refused }
        family("sluice_connections_reclaimed", .counter, "Idle client connections closed to make room for others.") { $0.reclaimed }
        family("sluice_listener_requests", .counter, "Request heads received.") { $0.requests }
        family("sluice_protocol_errors", .counter, "Requests refused because they break HTTP.") { $0.protocolErrors }
        family("sluice_http2_floods", .counter, "HTTP/2 connections closed because of floods of frames.") { $0.floods }
        family("sluice_client_timeouts", .counter, "Clients that were too slow.") { $0.timeouts }
        family("sluice_tls_handshakes", .counter, "TLS handshakes completed.") { $0.handshakes }
        family("sluice_tls_handshake_failures", .counter, "TLS handshakes that failed.") { $0.handshakeFailures }
        family("sluice_tls_handshake_timeouts", .counter, "TLS handshakes that took too long.") { $0.handshakeTimeouts }
    }

    private static func loops(_ reports: [WorkerReport], _ text: inout MetricsText) {
        text.family("sluice_loop_lag_seconds", .histogram, "Length of the turns of the event loops: how long nobody else was served.")
        for report in reports {
            text.histogram(
                [("loop", "\(report.loop)")], bounds: LoopLag.bounds.map { Double($0) / 1e9 }, counts: report.lag.counts,
                sum: Double(report.lag.total) / 1e9)
        }
        text.family("sluice_loop_longest_turn_seconds", .gauge, "The longest turn since the start.")
        for report in reports { text.sample([("loop", "\(report.loop)")], Double(report.lag.longest) / 1e9) }
    }

    private static func events(_ events: EventLog, _ text: inout MetricsText) {
        text.family("sluice_events", .counter, "What operators were told of, by name: quotas that near their ends, and the like.")
        for (name, count) in events.counts { text.sample([("event", name)], count) }
    }

    private static func configuration(_ status: GatewayStatus, _ text: inout MetricsText) {
        text.family("sluice_config_generation", .gauge, "Counts the configurations that were applied.")
        text.sample([], UInt64(status.generation))
        text.family("sluice_config_applied_timestamp_seconds", .gauge, "When the configuration was applied.")
        text.sample([], Double(status.appliedAt / 1_000_000) / 1000)
        text.family("sluice_config_last_reload_successful", .gauge, "0 while the newest configuration can't be applied.")
        text.sample([], status.lastError == nil ? 1 as UInt64 : 0)
        text.family("sluice_access_log_dropped", .counter, "Access log records dropped because the disk was too slow.")
        text.sample([], status.droppedLogRecords)
    }
}

extension ServerCounters {
    mutating func add(_ other: ServerCounters) {
        accepted += other.accepted
        open += other.open
        refused += other.refused
        reclaimed += other.reclaimed
        requests += other.requests
        protocolErrors += other.protocolErrors
        timeouts += other.timeouts
        handshakes += other.handshakes
        handshakeFailures += other.handshakeFailures
        handshakeTimeouts += other.handshakeTimeouts
        floods += other.floods
    }
}
