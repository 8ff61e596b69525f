package import Model
package import Schema

/// The plans' part of chains.
extension PolicyCompiler {
    /// The policies of a route in order. What carries out the plans stands before the route's own, or, if it is one of those that finds out
    /// who calls, behind that. Where nobody finds it out, no plan applies.
    mutating func placed(_ plans: PolicyLink?, in lists: [[PolicyLink]], _ route: RouteFacts) -> [PolicyLink] {
        let all = Array(lists.joined())
        guard let plans, let last = all.lastIndex(where: \.findsConsumer) else { return all }
        planned.formUnion([route.api, "\(route.api)\u{0}\(route.route)"])
        let place = max(last + 1, all.count - (lists.last?.count ?? 0))
        return all[..<place] + [plans] + all[place...]
    }

    /// Says which plans can't apply where they are meant to, once all chains are made.
    package func planWarnings(_ plans: [Plan]) -> [Diagnostic] {
        guard registry.ofPlans != nil, let first = plans.first else { return [] }
        let remedy = "put a policy that authenticates before it, such as `api-key` into the API's `policies`"
        guard !planned.isEmpty else {
            return [Diagnostic(.warning, at: first.origin.position, path: "plans", "no plan applies: no route finds out who calls", remedy: remedy)]
        }
        var warnings: [Diagnostic] = []
        for (i, plan) in plans.enumerated() {
            for (j, access) in (plan.access ?? []).enumerated() {
                let path = "plans[\(i)].access[\(j)]"
                let place = access.$api.position
                if !planned.contains(access.api) {
                    warnings.append(
                        Diagnostic(.warning, at: place, path: "\(path).api", "has no effect: nothing finds out who calls the API", remedy: remedy))
                    continue
                }
                for route in access.routes where !planned.contains("\(access.api)\u{0}\(route)") {
                    warnings.append(
                        Diagnostic(
                            .warning, at: access.$routes.position, path: "\(path).routes",
                            "has no effect on \"\(route)\": nothing finds out who calls it", remedy: remedy))
                }
            }
        }
        return warnings
    }
}
