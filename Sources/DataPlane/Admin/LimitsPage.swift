import PolicyKit
import Schema
import SharedState

/// The limits of a snapshot as `GET /api/v1/limits` tells, and what one caller has left of one.
enum LimitsPage {
    /// A limiter with the policy that it belongs to.
    struct Entry {
        let policy: any LimitingPolicy
        let limiter: any Limiter
        var name: String { limiter.specification.name }
    }

    /// In the order of their names.
    static func entries(_ snapshot: Snapshot) -> [Entry] {
        snapshot.policies.values.compactMap { $0.policy as? any LimitingPolicy }
            .flatMap { policy in policy.limiters.map { Entry(policy: policy, limiter: $0) } }.sorted { $0.name < $1.name }
    }

    static func list(_ entries: [Entry]) -> JSONValue {
        let list = entries.map { entry -> JSONValue in
            var facts: [JSONValue.Member] = [
                .init("name", .string(entry.name)), .init("store", .string(entry.policy.storeKind.rawValue)),
                .init("algorithm", .string(entry.limiter.specification.algorithm.rawValue)),
                .init("windows", .array(entry.limiter.specification.windows.map { .object(members(of: $0)) })),
            ]
            if let figures = entry.limiter.figures {
                facts += [
                    .init("keys", .integer(figures.keys)), .init("evictions", .integer(figures.evictions)),
                    .init("memoryBytes", .integer(figures.memory)),
                ]
            }
            return .object(facts)
        }
        return ["limits": .array(list)]
    }

    static func windows(_ name: String, _ reports: [WindowReport]) -> JSONValue {
        let windows = reports.map { report -> JSONValue in
            .object(
                members(of: report.window) + [
                    .init("remaining", .integer(report.remaining)), .init("resetSeconds", .number(Double(report.reset) / 1e9)),
                ])
        }
        return .object([.init("name", .string(name)), .init("windows", .array(windows))])
    }

    static func counters(_ reports: [(store: StoreKind, counter: CounterReport)]) -> JSONValue {
        let list = reports.map { report -> JSONValue in
            .object([
                .init("key", .string(String(decoding: report.counter.key, as: UTF8.self))), .init("store", .string(report.store.rawValue)),
                .init("total", .integer(report.counter.total)), .init("ends", .integer(Int(clamping: report.counter.ends / 1_000_000_000))),
            ])
        }
        return ["counters": .array(list)]
    }

    private static func members(of window: RateWindow) -> [JSONValue.Member] {
        [
            .init("limit", .integer(window.limit)), .init("windowSeconds", .number(Double(window.period) / 1e9)),
            .init("burst", .integer(window.burst)),
        ]
    }
}
