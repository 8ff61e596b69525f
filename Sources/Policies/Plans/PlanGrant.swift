import GatewayCore
import Model
import PolicyKit
import Primitives
import Reactor
import SharedState

/// The plans that a caller has, made ready: what it may call, and where its calls are counted.
final class PlanGrant: Sendable {
    private struct Access: Sendable {
        /// Nil: all.
        let routes: Set<String>?
        let methods: HTTPMethodSet?
    }

    /// Each must have an entry that permits.
    private let access: [[String: [Access]]]
    let limits: Limits?
    let book: QuotaBook?

    struct Limits: Sendable {
        let limiter: StoredLimiter
        let key: QuotaKey.Compiled
        let fields: RateLimitFields
    }

    init(_ plan: CombinedPlan, _ stores: StoreChoice, _ context: PolicyContext) {
        access = plan.access.map { list in
            Dictionary(
                list.map { entry in
                    let routes = entry.routes.isEmpty ? nil : Set(entry.routes)
                    return (entry.api, [Access(routes: routes, methods: PlanGrant.methods(entry.methods))])
                }, uniquingKeysWith: +)
        }
        limits = PlanGrant.limits(plan, stores, context)
        guard !plan.quotas.isEmpty else {
            book = nil
            return
        }
        let rules = plan.quotas.map { quota in QuotaRule(quota.window, limit: .fixed(quota.amount), prefix: "\(quota.plan)-") }
        book = QuotaBook(
            rules, by: QuotaKey.Compiled(plan.quotasBy), QuotaBook.Settings(label: "plan-quota", place: "plans/\(plan.quotasBy.rawValue)"), context)
    }

    private static func limits(_ plan: CombinedPlan, _ stores: StoreChoice, _ context: PolicyContext) -> Limits? {
        guard !plan.limits.isEmpty else { return nil }
        let windows = plan.limits.map { RateWindow(limit: $0.limit, period: $0.window.nanoseconds, burst: $0.burst) }
        var names: [String] = []
        for limit in plan.limits where !names.contains(limit.plan) { names.append(limit.plan) }
        let specification = LimiterSpecification(
            name: "plans/\(plan.limitsBy.rawValue)/\(names.joined(separator: "+"))", windows: windows, algorithm: .gcra, capacity: 100_000)
        return Limits(
            limiter: StoredLimiter(specification, stores), key: QuotaKey.Compiled(plan.limitsBy),
            fields: RateLimitFields(.standard, label: "plan", windows))
    }

    /// GET includes HEAD.
    private static func methods(_ methods: [HTTPMethod]) -> HTTPMethodSet? {
        guard !methods.isEmpty else { return nil }
        var set = HTTPMethodSet()
        for method in methods {
            set.formUnion(HTTPMethodSet(method))
            if method == .get { set.formUnion(HTTPMethodSet(.head)) }
        }
        return set
    }

    func permits(_ exchange: Exchange) -> Bool {
        guard !access.isEmpty else { return true }
        guard let route = exchange.routeInfo else { return false }
        return access.allSatisfy { entries in
            entries[route.api]?.contains { entry in
                (entry.routes?.contains(route.name) ?? true) && (entry.methods?.contains(exchange.request.method) ?? true)
            } ?? false
        }
    }
}
