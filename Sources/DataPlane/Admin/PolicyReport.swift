import PolicyKit
import Schema
import Telemetry

/// What the policies of a snapshot count, each where it stands.
struct PolicyReport {
    /// `gateway`, `api catalog`, `route catalog read-product`.
    let scope: String
    let name: String
    let policy: String
    let figures: [PolicyFigure]

    /// In the order of their places.
    static func all(_ snapshot: Snapshot) -> [PolicyReport] {
        snapshot.policies.sorted { $0.key < $1.key }.compactMap { key, instance in
            guard let policy = instance.policy as? any ReportingPolicy else { return nil }
            // The key is scope, policy, label and ordinal (`PolicyCompiler`).
            let scope = key.split(separator: "\0", omittingEmptySubsequences: false).dropLast(3).joined(separator: " ")
            return PolicyReport(scope: scope, name: instance.label, policy: instance.id, figures: policy.figures)
        }
    }
}

extension MetricsPage {
    static func policies(_ snapshot: Snapshot, _ text: inout MetricsText) {
        let reports = PolicyReport.all(snapshot)
        var written: Set<String> = []
        for figure in reports.flatMap(\.figures) where written.insert(figure.name).inserted {
            text.family("sluice_\(figure.name)", figure.kind == .counter ? .counter : .gauge, figure.help)
            for report in reports {
                for same in report.figures where same.name == figure.name {
                    text.sample([("scope", report.scope), ("policy", report.name)], same.value)
                }
            }
        }
    }
}

extension StatusPage {
    static func policies(_ snapshot: Snapshot) -> [JSONValue] {
        PolicyReport.all(snapshot).map { report in
            let figures = report.figures.map { JSONValue.Member($0.name, .integer(Int(clamping: $0.value))) }
            return .object([
                .init("scope", .string(report.scope)), .init("name", .string(report.name)), .init("policy", .string(report.policy)),
                .init("figures", .object(figures)),
            ])
        }
    }
}
