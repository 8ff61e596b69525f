import Reactor
import Schema
import SharedState
import Telemetry

/// The gossip as the status document tells, and as metrics.
enum GossipPage {
    static func render(_ report: GossipReport?) -> JSONValue {
        guard let report else { return .null }
        let members = report.members.map { member -> JSONValue in
            .object([
                .init("id", .string(member.id.description)), .init("address", .string(member.address.description)),
                .init("status", .string(member.status.name)), .init("silentFor", member.silence.map { .integer(Int($0 / 1_000_000_000)) } ?? .null),
            ])
        }
        return .object([
            .init("id", .string(report.id.description)), .init("address", .string(report.address.description)), .init("members", .array(members)),
        ])
    }

    static func render(_ sync: ReconciliationReport?) -> JSONValue {
        guard let sync else { return .null }
        return .object([.init("present", .integer(sync.present)), .init("missing", .integer(sync.missing)), .init("keys", .integer(sync.keys))])
    }

    static func write(_ report: GossipReport, to text: inout MetricsText) {
        text.family("sluice_gossip_members", .gauge, "Gateways that this one knows, by how they are; itself is not counted.")
        for status in MemberStatus.allCases {
            text.sample([("status", status.name)], UInt64(report.members.count { $0.status == status }))
        }
        text.family("sluice_gossip_datagrams_sent", .counter, "Datagrams sent to other gateways.")
        text.sample([], report.datagrams.sent)
        text.family("sluice_gossip_datagrams_received", .counter, "Datagrams of other gateways.")
        text.sample([], report.datagrams.received)
        text.family("sluice_gossip_datagrams_refused", .counter, "Datagrams that were ignored, by why.")
        for reason in GossipRefusal.allCases { text.sample([("reason", reason.rawValue)], report.datagrams.refused[reason] ?? 0) }
    }

    static func write(_ sync: ReconciliationReport, to text: inout MetricsText) {
        text.family("sluice_local_sync_gateways", .gauge, "Gateways among which limits are shared, this one included.")
        text.sample([("status", "present")], UInt64(sync.present))
        text.sample([("status", "missing")], UInt64(sync.missing))
        text.family("sluice_local_sync_keys", .gauge, "Keys of limits and counters that gateways tell each other of now.")
        text.sample([], UInt64(sync.keys))
        text.family("sluice_local_sync_records_sent", .counter, "What gateways were told of keys.")
        text.sample([], sync.sent)
        text.family("sluice_local_sync_records_received", .counter, "What gateways have told of keys.")
        text.sample([], sync.received)
        text.family("sluice_local_sync_payloads_postponed", .counter, "Payloads that were too many for one turn.")
        text.sample([], sync.postponed)
    }
}
