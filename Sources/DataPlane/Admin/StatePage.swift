import Reactor
import Schema
import SharedState
import Telemetry

/// The server that gateways count together on, as the status tells, and as metrics.
enum StatePage {
    /// One server, as all loops reach it.
    private struct Server {
        let name: String
        var up = 0, open = 0, waiting = 0
        var failure: String?

        mutating func add(_ server: RedisReport.Server) {
            up += server.isUp ? 1 : 0
            open += server.isOpen ? 1 : 0
            waiting += server.waiting
            failure = failure ?? server.failure
        }
    }

    private static func servers(_ reports: [WorkerReport]) -> [Server] {
        var servers: [String: Server] = [:]
        for server in reports.compactMap(\.redis).flatMap(\.servers) { servers[server.name, default: Server(name: server.name)].add(server) }
        return servers.values.sorted { $0.name < $1.name }
    }

    static func render(_ reports: [WorkerReport]) -> JSONValue {
        let servers = servers(reports).map { server -> JSONValue in
            .object([
                .init("server", .string(server.name)), .init("connections", .integer(server.up)),
                .init("breakersOpen", .integer(server.open)), .init("waiting", .integer(server.waiting)),
                .init("lastError", server.failure.map { .string($0) } ?? .null),
            ])
        }
        return .object([.init("redis", .array(servers))])
    }

    static func write(_ reports: [WorkerReport], to text: inout MetricsText) {
        let servers = servers(reports)
        guard !servers.isEmpty else { return }
        func labels(_ server: Server) -> [(String, String)] { [("store", "redis"), ("server", server.name)] }
        text.family(
            "sluice_store_connections", .gauge, "Connections to a server of shared state that are ready: one for each event loop when all is well.")
        for server in servers { text.sample(labels(server), UInt64(max(0, server.up))) }
        text.family("sluice_store_breakers_open", .gauge, "Event loops that refuse commands to the server at once, until it answers again.")
        for server in servers { text.sample(labels(server), UInt64(max(0, server.open))) }
        text.family("sluice_store_commands_in_flight", .gauge, "Commands that wait or are under way.")
        for server in servers { text.sample(labels(server), UInt64(max(0, server.waiting))) }
        var sum = RedisCounters()
        for report in reports.compactMap(\.redis) { sum.add(report.counters) }
        let store = [("store", "redis")]
        text.family("sluice_store_commands", .counter, "Commands for the servers of shared state.")
        text.sample(store, sum.commands)
        text.family("sluice_store_failures", .counter, "Commands without an answer that could be used, by reason.")
        for (reason, count) in [
            ("unavailable", sum.unavailable), ("timeout", sum.timeouts), ("refused", sum.refused), ("malformed", sum.malformed),
        ] { text.sample(store + [("reason", reason)], count) }
        text.family("sluice_store_connections_made", .counter, "Connections that became ready.")
        text.sample(store, sum.connections)
        text.family("sluice_store_connections_lost", .counter, "Connections that were ready and were lost.")
        text.sample(store, sum.losses)
        text.family("sluice_store_breaker_openings", .counter, "Times that a breaker has opened.")
        text.sample(store, sum.openings)
        text.family("sluice_store_duration_seconds", .histogram, "From the command to its answer.")
        text.histogram(
            store, bounds: RedisCounters.bounds.map { Double($0) / 1e9 }, counts: sum.latency, sum: Double(sum.totalLatency) / 1e9)
    }
}
