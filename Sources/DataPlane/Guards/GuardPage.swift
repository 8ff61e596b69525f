import HTTPEngine
import Primitives
import Reactor
import Schema
import SharedState
import Synchronization
import Telemetry

/// What guards know, as lists and metrics show it.
struct GuardStatus: Sendable {
    /// Addresses and prefixes that are remembered.
    var known = 0
    /// Since the start.
    var begun: UInt64 = 0
    /// Longest first.
    var bans: [GuardBan] = []
}

extension Gateway {
    /// Nil: guards are off.
    var guardStatus: GuardStatus? {
        state.withLock { $0.guards }.map { guards in
            GuardStatus(known: guards.table.count, begun: guards.table.bans, bans: guards.table.bans(guards.rules, now: .now))
        }
    }

    /// Ends a ban. False: there is none of exactly this address or prefix.
    func pardon(_ network: CIDR) -> Bool {
        state.withLock { $0.guards }.map { $0.table.pardon(network, $0.rules, now: .now) } ?? false
    }
}

/// `GET /api/v1/guards`, and what other pages have of it.
enum GuardPage {
    /// Bans that a list has; there may be thousands.
    private static let mostBans = 1000

    static func render(_ status: GuardStatus?, _ reports: [WorkerReport]) -> String { document(status, reports, most: mostBans).text(pretty: true) }

    static func document(_ status: GuardStatus?, _ reports: [WorkerReport], most: Int) -> JSONValue {
        guard let status else { return ["enabled": false] }
        let counters = sum(reports)
        return .object([
            .init("enabled", true), .init("remembered", .integer(status.known)), .init("banned", .integer(status.bans.count)),
            .init("bansBegun", .integer(Int(clamping: status.begun))),
            .init(
                "refused",
                .object(
                    GuardLimit.allCases.map { .init("\($0.name)", .integer(Int(clamping: counters.refused[$0.rawValue]))) }
                        + [.init("banned", .integer(Int(clamping: counters.banned)))])),
            .init("bans", .array(status.bans.prefix(most).map(describe))),
        ])
    }

    private static func describe(_ ban: GuardBan) -> JSONValue {
        .object([
            .init("network", .string(ban.network.shortText)),
            .init("secondsLeft", .integer(Int(clamping: (ban.left &+ 999_999_999) / 1_000_000_000))),
            .init("inARow", .integer(ban.strikes)), .init("cause", .string("\(ban.cause.name)")), .init("connections", .integer(ban.open)),
        ])
    }

    private static func sum(_ reports: [WorkerReport]) -> GuardCounters {
        reports.compactMap(\.guards).reduce(into: GuardCounters()) { $0.add($1) }
    }

    static func write(_ status: GuardStatus, _ reports: [WorkerReport], to text: inout MetricsText) {
        let counters = sum(reports)
        text.family("sluice_guard_refused", .counter, "Connections and requests refused because their address, or its prefix, did too much of it.")
        for limit in GuardLimit.allCases { text.sample([("limit", "\(limit.name)")], counters.refused[limit.rawValue]) }
        text.family("sluice_guard_refused_banned", .counter, "Connections and requests refused because their address, or its prefix, was banned.")
        text.sample([], counters.banned)
        text.family("sluice_guard_offences", .counter, "What clients were slow with, or should not have sent.")
        for offence in Offence.all.dropFirst(GuardLimit.allCases.count) where offence != .persistence {
            text.sample([("offence", "\(offence.name)")], counters.offences[offence.index])
        }
        text.family("sluice_guard_bans", .counter, "Bans of addresses and prefixes that have begun.")
        text.sample([], status.begun)
        text.family("sluice_guard_banned", .gauge, "Addresses and prefixes that are banned.")
        text.sample([], UInt64(status.bans.count))
        text.family("sluice_guard_addresses", .gauge, "Addresses and prefixes that are remembered.")
        text.sample([], UInt64(status.known))
    }
}

extension CIDR {
    /// An address alone without its length.
    var shortText: String { bits == 128 ? "\(address)" : description }
}
