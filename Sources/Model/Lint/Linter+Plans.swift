import Primitives
import Schema

/// Names of plans, for whom refers to them.
struct PlanNames {
    let names: Set<String>
    init(_ plans: [Plan]) { names = Set(plans.map(\.name)) }
}

extension Linter {
    mutating func checkPlans(_ configuration: Configuration) {
        checkNames(configuration.plans.map(\.$name), of: "plans")
        var first: SourcePosition?
        for (i, plan) in configuration.plans.enumerated() {
            let path = "plans[\(i)]"
            check(plan.limits, plan, path)
            for (j, quota) in plan.quotas.enumerated() { check(quota, "\(path).quotas[\(j)]") }
            checkDoubles(plan, path)
            for (j, access) in (plan.access ?? []).enumerated() { check(access, configuration, "\(path).access[\(j)]") }
            if plan.limits.isEmpty, plan.quotas.isEmpty, plan.access == nil {
                warning(
                    plan.origin.position, path, "the plan \(plan.$name.shown) permits everything", remedy: "give it `limits`, `quotas` or `access`")
            }
            guard plan.default else { continue }
            if let first { error(plan.$default.position, "\(path).default", "another plan is the default already at \(first)") }
            first = first ?? plan.$default.position
        }
    }

    private mutating func check(_ limits: [PlanLimit], _ plan: Plan, _ path: String) {
        for (i, limit) in limits.enumerated() where limits[..<i].contains(where: { $0.window == limit.window }) {
            error(limit.$window.position, "\(path).limits[\(i)].window", "another limit of the plan has a window of that length")
        }
    }

    private mutating func check(_ quota: QuotaWindow, _ path: String) {
        if let flaw = quota.flaw { error(quota.origin.position, path, flaw.message, remedy: flaw.remedy) }
        if case .expression = quota.calls?.amount {
            error(
                quota.$calls.position, "\(path).calls", "a plan has amounts that can be compared: a number",
                remedy: "the policy `quota` takes expressions")
        }
        if case .expression = quota.bytes?.amount {
            error(
                quota.$bytes.position, "\(path).bytes", "a plan has amounts that can be compared: a size",
                remedy: "the policy `quota` takes expressions")
        }
    }

    private mutating func checkDoubles(_ plan: Plan, _ path: String) {
        for (i, quota) in plan.quotas.enumerated() where plan.quotas[..<i].contains(where: { $0.counts(likeThat: quota) }) {
            error(quota.origin.position, "\(path).quotas[\(i)]", "another quota of the plan counts the same in the same windows")
        }
    }

    private mutating func check(_ access: PlanAccess, _ configuration: Configuration, _ path: String) {
        let apis = configuration.apis.filter { $0.name == access.api }
        guard !apis.isEmpty else {
            let question = access.$api.isSecret ? nil : Suggestion.question(access.api, among: configuration.apis.map(\.name))
            return error(access.$api.position, "\(path).api", "there is no API called \(access.$api.shown)", remedy: question)
        }
        let labels = apis.flatMap(\.routes).map(\.label)
        for route in access.routes where !labels.contains(route) {
            let name = access.$routes.isSecret ? "of that name" : "called \"\(route)\""
            error(
                access.$routes.position, "\(path).routes", "the API \(access.$api.shown) has no route \(name)",
                remedy: access.$routes.isSecret ? nil : Suggestion.question(route, among: labels))
        }
    }

    mutating func check(plans: Setting<[String]?>, _ known: PlanNames, _ path: @autoclosure () -> String) {
        check(plans.wrappedValue ?? [], at: plans.position, isSecret: plans.isSecret, known, path())
    }

    mutating func check(plans: Setting<[String]>, _ known: PlanNames, _ path: @autoclosure () -> String) {
        check(plans.wrappedValue, at: plans.position, isSecret: plans.isSecret, known, path())
    }

    /// Reports names in `plans` of whoever calls that are no plans.
    private mutating func check(_ plans: [String], at place: SourcePosition, isSecret: Bool, _ known: PlanNames, _ path: @autoclosure () -> String) {
        for name in plans where !known.names.contains(name) {
            let shown = isSecret ? "of that name" : "called \"\(name)\""
            let question = isSecret ? nil : Suggestion.question(name, among: known.names.sorted())
            error(place, path(), "there is no plan \(shown)", remedy: known.names.isEmpty ? "there are no `plans`" : question)
        }
    }
}

extension QuotaWindow {
    /// What is wrong with it by itself.
    package var flaw: (message: String, remedy: String?)? {
        switch (calls, bytes) {
        case (nil, nil): ("there is no amount", "such as `{ calls: 10000, per: month }`")
        case (.some, .some): ("a window has `calls` or `bytes`", "give each a window of its own")
        case (.some, nil) where of != nil: ("`of` is for `bytes`", "leave it out")
        default: nil
        }
    }

    /// Counts the same, in windows of the same length that begin at the same times.
    package func counts(likeThat other: QuotaWindow) -> Bool {
        (calls == nil) == (other.calls == nil) && per == other.per && (of ?? .both) == (other.of ?? .both)
            && (from ?? .calendar) == (other.from ?? .calendar)
            && (timeZone ?? .utc) == (other.timeZone ?? .utc)
    }
}
