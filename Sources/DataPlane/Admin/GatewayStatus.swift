import Certificates
import HTTPEngine
import Model
import Reactor
import Schema
import SharedState
import Synchronization
import Telemetry
import Upstreams

/// How a gateway is, as `GET /api/v1/status` tells.
struct GatewayStatus: Sendable {
    var release = ""
    var configuration = ""
    var generation = 0
    /// Nanoseconds since 1970.
    var appliedAt: UInt64 = 0
    var lastError: String?
    var isReady = false
    var isDraining = false
    var droppedLogRecords: UInt64 = 0
    /// The automatic ones, and whether this gateway is the one that asks for them.
    var certificates: [CertificateStatus] = []
    var leads = false
    var hasIssuers = false
    /// Nil: they are off, or the page does not show them.
    var guards: GuardStatus?
    /// Nil: there is none.
    var gossip: GossipReport?
    var localSync: ReconciliationReport?
}

extension Gateway {
    func status(release: String) -> GatewayStatus {
        let gossip = gossip.service?.report, localSync = gossip?.reconciliation ?? self.gossip.redis?.report
        return state.withLock {
            GatewayStatus(
                release: release, configuration: $0.snapshot.version, generation: $0.generation, appliedAt: $0.appliedAt,
                lastError: $0.lastError, isReady: $0.isReady, isDraining: $0.isDraining, droppedLogRecords: $0.accessLog?.dropped ?? 0,
                certificates: $0.certificates?.statuses ?? [], leads: $0.certificates?.leads ?? false,
                hasIssuers: $0.snapshot.configuration.usesIssuers, gossip: gossip, localSync: localSync)
        }
    }
}

/// Renders the status document.
enum StatusPage {
    static func render(_ reports: [WorkerReport], _ snapshot: Snapshot, _ status: GatewayStatus) -> String {
        let configuration = snapshot.configuration
        let listeners = configuration.listeners.map { listener -> JSONValue in
            let open = reports.flatMap(\.servers).filter { $0.listener == listener.name }.reduce(0) { $0 + $1.counters.open }
            return .object([
                .init("name", .string(listener.name)), .init("address", .string(listener.address.text)), .init("connections", .integer(open)),
            ])
        }
        let apis = configuration.apis.map { api -> JSONValue in
            .object([
                .init("name", .string(api.name)), .init("version", api.version.map { .string($0) } ?? .null),
                .init("routes", .array(api.routes.map { .string($0.label) })),
            ])
        }
        return JSONValue.object([
            .init("release", .string(status.release)), .init("version", .string(status.configuration)),
            .init("generation", .integer(status.generation)), .init("appliedAt", .integer(Int(status.appliedAt / 1_000_000_000))),
            .init("lastError", status.lastError.map { .string($0) } ?? .null), .init("ready", .boolean(status.isReady)),
            .init("draining", .boolean(status.isDraining)), .init("loops", .integer(reports.count)),
            .init("exchangesInFlight", .integer(reports.reduce(0) { $0 + $1.exchanges })), .init("listeners", .array(listeners)),
            .init("upstreams", .array(upstreams(reports, snapshot))), .init("apis", .array(apis)),
            .init("policies", .array(policies(snapshot))), .init("state", StatePage.render(reports)),
            .init("gossip", GossipPage.render(status.gossip)), .init("localSync", GossipPage.render(status.localSync)),
            .init("guards", GuardPage.document(status.guards, reports, most: 20)),
            .init(
                "certificates",
                .object([
                    .init("automatic", .integer(status.certificates.count)),
                    .init("failing", .integer(status.certificates.count { $0.failures > 0 })),
                    .init("leader", .boolean(status.leads)),
                ])),
        ]).text(pretty: true)
    }

    private static func upstreams(_ reports: [WorkerReport], _ snapshot: Snapshot) -> [JSONValue] {
        zip(snapshot.configuration.upstreams, snapshot.upstreams).map { upstream, compiled in
            let states = Dictionary(compiled.state.endpoints.map { ($0.address.description, $0) }, uniquingKeysWith: { first, _ in first })
            // Every loop has the same endpoints; connections are added up.
            let all = reports.flatMap(\.endpoints).filter { $0.upstream == upstream.name }
            var seen: Set<String> = []
            let endpoints = all.filter { seen.insert($0.address).inserted }.map { endpoint -> JSONValue in
                let same = all.filter { $0.address == endpoint.address }
                return .object(
                    [
                        .init("endpoint", .string(endpoint.endpoint)), .init("address", .string(endpoint.address)),
                        .init("healthy", .boolean(same.allSatisfy(\.isHealthy))),
                        .init("connections", .integer(same.reduce(0) { $0 + $1.connections })),
                        .init("requests", .integer(same.reduce(0) { $0 + Int($1.counters.requests) })),
                        .init("failures", .integer(same.reduce(0) { $0 + Int($1.counters.failures) })),
                    ] + ResiliencePage.members(of: states[endpoint.address]))
            }
            return .object(
                [.init("name", .string(upstream.name)), .init("endpoints", .array(endpoints))]
                    + ResiliencePage.members(of: compiled.state, reports.flatMap(\.lanes).filter { $0.upstream == upstream.name }))
        }
    }
}
