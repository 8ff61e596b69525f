import Model
import Schema

/// What several plans of a caller come to, each part by itself.
struct CombinedPlan: Equatable, Sendable {
    struct Limit: Equatable, Sendable {
        /// The plan whose it is: counters are named after it.
        var plan: String
        var limit: Int
        var window: Duration
        var burst: Int?
    }

    struct Quota: Equatable, Sendable {
        var plan: String
        var window: QuotaWindow
        var amount: Int
    }

    var limits: [Limit] = []
    var limitsBy = PlanKey.consumer
    var quotas: [Quota] = []
    var quotasBy = PlanKey.consumer
    /// Each of these must permit what is called, and does if one of its entries does.
    var access: [[PlanAccess]] = []

    /// Nil for no plans.
    init?(_ plans: [Plan]) {
        guard !plans.isEmpty else { return nil }
        combineLimits(plans.filter { !$0.limits.isEmpty })
        let calls = plans.filter { $0.quotas.contains { $0.calls != nil } }, bytes = plans.filter { $0.quotas.contains { $0.bytes != nil } }
        combineQuotas(calls) { $0.calls?.amount.number }
        combineQuotas(bytes) { $0.bytes?.amount.number }
        combineAccess(plans)
    }

    // MARK: Limits

    private mutating func combineLimits(_ plans: [Plan]) {
        // What permits most in the long run: how fast its slowest window goes.
        func rate(_ plan: Plan) -> Double { plan.limits.map { Double($0.limit) / $0.window.inSeconds }.min() ?? .infinity }
        let base = CombinedPlan.best(plans, rate)
        limitsBy = base?.by ?? plans.first?.by ?? .consumer
        var isAdding = base == nil
        if let base { limits = base.limits.map { Limit(plan: base.name, limit: $0.limit, window: $0.window, burst: $0.burst) } }
        for plan in plans where plan.combine == .sum {
            for more in plan.limits {
                if let i = limits.firstIndex(where: { $0.window == more.window }) {
                    limits[i].burst = CombinedPlan.sum(limits[i].burst, more.burst, limits[i].limit, more.limit)
                    limits[i].limit = min(limits[i].limit + more.limit, 4_294_967_295)
                } else if isAdding {
                    limits.append(Limit(plan: plan.name, limit: more.limit, window: more.window, burst: more.burst))
                }
            }
            isAdding = isAdding && limits.isEmpty
        }
        for plan in plans where plan.combine == .strictest {
            for other in plan.limits {
                guard let i = limits.firstIndex(where: { $0.window == other.window }) else {
                    limits.append(Limit(plan: plan.name, limit: other.limit, window: other.window, burst: other.burst))
                    continue
                }
                if other.limit < limits[i].limit {
                    limits[i].limit = other.limit
                    limits[i].burst = other.burst
                }
            }
        }
    }

    /// What is left out is the limit.
    private static func sum(_ a: Int?, _ b: Int?, _ limitA: Int, _ limitB: Int) -> Int? {
        a == nil && b == nil ? nil : min((a ?? limitA) + (b ?? limitB), 4_294_967_295)
    }

    // MARK: Quotas

    private mutating func combineQuotas(_ plans: [Plan], _ amount: (QuotaWindow) -> Int?) {
        // Who goes beyond one that is soft is let through.
        func rate(_ plan: Plan) -> Double {
            plan.quotas.compactMap { window in
                window.soft == true ? nil : amount(window).map { Double($0) / window.per.averageSeconds }
            }.min() ?? .infinity
        }
        func windows(_ plan: Plan) -> [Quota] {
            plan.quotas.compactMap { window in amount(window).map { Quota(plan: plan.name, window: window, amount: $0) } }
        }
        guard let first = plans.first else { return }
        let base = CombinedPlan.best(plans, rate)
        if quotas.isEmpty { quotasBy = (base ?? first).by }
        var found = base.map(windows) ?? []
        var isAdding = base == nil
        for plan in plans where plan.combine == .sum {
            for more in windows(plan) {
                if let i = found.firstIndex(where: { $0.window.counts(likeThat: more.window) }) {
                    found[i].amount = min(found[i].amount + more.amount, QuotaAmount.range.upperBound)
                } else if isAdding {
                    found.append(more)
                }
            }
            isAdding = isAdding && found.isEmpty
        }
        for plan in plans where plan.combine == .strictest {
            for other in windows(plan) {
                guard let i = found.firstIndex(where: { $0.window.counts(likeThat: other.window) }) else {
                    found.append(other)
                    continue
                }
                if other.amount < found[i].amount || found[i].window.soft == true { found[i] = other }
            }
        }
        quotas += found
    }

    // MARK: Access

    private mutating func combineAccess(_ plans: [Plan]) {
        let open = plans.filter { $0.combine != .strictest }
        let given = open.compactMap(\.access)
        if !given.isEmpty { access.append(given.flatMap { $0 }) }
        access += plans.filter { $0.combine == .strictest }.compactMap(\.access)
    }

    /// Of the plans of which the most generous counts, that one; the first of several.
    private static func best(_ plans: [Plan], _ rate: (Plan) -> Double) -> Plan? {
        var best: (plan: Plan, rate: Double)?
        for plan in plans where plan.combine == .mostGenerous {
            let rate = rate(plan)
            if rate > best?.rate ?? -1 { best = (plan, rate) }
        }
        return best?.plan
    }
}

extension QuotaAmount {
    /// Lint lets plans have no others.
    fileprivate var number: Int? { if case .fixed(let number) = self { number } else { nil } }
}

extension QuotaPeriod {
    /// In the Gregorian calendar, whose cycle is 400 years.
    fileprivate var averageSeconds: Double {
        switch self {
        case .minute: 60
        case .hour: 3_600
        case .day: 86_400
        case .week: 604_800
        case .month: 2_629_746
        case .year: 31_556_952
        }
    }
}

extension Duration {
    fileprivate var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
