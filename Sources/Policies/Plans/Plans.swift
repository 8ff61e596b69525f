package import GatewayCore
import Model
package import PolicyKit
import Primitives
import Reactor
import Schema
import SharedState
import Synchronization

/// Carries out the plans of the configuration: what callers may call, how often, and how much (`docs/guides/plans.md`). It stands in every
/// chain that finds out who calls, between the policies of the API and those of the route.
package final class Plans: Policy, AsyncRequestPolicy, ResponsePolicy, RequestBodyPolicy, ResponseBodyPolicy, FinishPolicy, ReportingPolicy {
    package struct Config: Settings {
        package static var about: String { "Carries out `plans`." }
        package init() {}
    }

    package static let id = "plans"
    package static let reasons: [Reason] = [.planDenied, .rateLimited, .quotaExceeded]
    package static var isGuard: Bool { true }
    package static var usesPlans: Bool { true }
    package static func needs(_ config: Config) -> [Fact] { [.consumer] }

    private let plans: [String: Plan]
    private let standard: [String]
    private let stores: StoreChoice
    private let context: PolicyContext
    private let hasBytes: Bool
    /// By the names of plans that callers have together. Made when the first such caller comes, and looked up by each loop for itself.
    private let grants = Mutex<[[String]: PlanGrant]>([:])
    private let known: LoopLocal<[[String]: PlanGrant]>
    private let keys: LoopLocal<[UInt8]>
    private let denied = Atomic<UInt64>(0)

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        plans = Dictionary(context.plans.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        standard = context.plans.filter(\.default).map(\.name)
        stores = try StoreChoice(nil, at: .none, .local, context)
        hasBytes = context.plans.contains { $0.quotas.contains { $0.bytes != nil } }
        known = LoopLocal(loops: context.loops) { [:] }
        keys = LoopLocal(loops: context.loops) { [] }
        self.context = context
    }

    package func phases(on route: RouteFacts) -> PolicyPhases {
        hasBytes ? .all : [.request, .response, .finish]
    }

    // MARK: Who has what

    private enum Entitlement {
        /// No plan says anything of the caller.
        case none
        case grant(PlanGrant)
        /// The caller's plans are none of the configuration: what it is entitled to, nobody knows.
        case unknown
    }

    private func entitlement(_ consumer: Consumer) -> Entitlement {
        let names = consumer.plans.isEmpty ? standard : consumer.plans
        guard !names.isEmpty else { return .none }
        let given = names.compactMap { plans[$0] }
        return CombinedPlan(given).map { .grant(grant(given.map(\.name), $0)) } ?? .unknown
    }

    private func grant(_ names: [String], _ plan: CombinedPlan) -> PlanGrant {
        grants.withLock { grants in
            if let grant = grants[names] { return grant }
            let grant = PlanGrant(plan, stores, context)
            grants[names] = grant
            return grant
        }
    }

    /// The grant of an exchange, remembered for its later phases.
    private func entitlement(_ exchange: Exchange) -> Entitlement {
        guard let consumer = exchange.consumer else { return .none }
        if let grant = known[exchange][consumer.plans] { return .grant(grant) }
        let found = entitlement(consumer)
        if case .grant(let grant) = found {
            // As many as there are combinations in use, but for those of a database that somebody fills.
            if known[exchange].count >= 1_024 { known[exchange] = [:] }
            known[exchange][consumer.plans] = grant
        }
        return found
    }

    // MARK: Asking

    package func verdict(_ exchange: Exchange) -> Verdict? {
        switch entitlement(exchange) {
        case .none: return .proceed
        case .unknown: return deny()
        case .grant(let grant):
            guard grant.permits(exchange) else { return deny() }
            exchange.memo.object = grant
            if let limits = grant.limits {
                guard let decision = limits.limiter.takeNow(key(limits.key, exchange).view, cost: 1, on: exchange.loop) else { return nil }
                if let refusal = refusal(decision, limits, exchange) { return refusal }
            }
            return askNow(grant, exchange)
        }
    }

    package func onRequest(_ exchange: Exchange) async -> Verdict {
        if let grant = exchange.memo.object as? PlanGrant {
            // Not even the limits have been asked.
            if let limits = grant.limits, let decision = await ask(limits, exchange), let refusal = refusal(decision, limits, exchange) {
                return refusal
            }
            if let verdict = askNow(grant, exchange) { return verdict }
        }
        guard let receipt = exchange.memo.object as? QuotaReceipt, let book = (receipt.owner as? PlanGrant)?.book else { return .proceed }
        if await book.ask(receipt, in: stores.store, exchange) != nil {
            stores.failures.note(exchange)
            guard let local = stores.local, book.askNow(receipt, in: local, exchange) else { return .proceed }
        }
        return verdict(receipt, exchange)
    }

    /// Nil: nobody counts.
    private func ask(_ limits: PlanGrant.Limits, _ exchange: Exchange) async -> RateDecision? {
        if case .decision(let decision, _) = await limits.limiter.take(key(limits.key, exchange).view.array, cost: 1, exchange) { return decision }
        return nil
    }

    private func deny() -> Verdict {
        denied.wrappingAdd(1, ordering: .relaxed)
        return .refuse(.planDenied, "The caller's plan does not include this.")
    }

    /// Who is counted, in the loop's scratch.
    private func key(_ key: QuotaKey.Compiled, _ exchange: Exchange) -> ByteBuffer {
        keys[exchange].removeAll(keepingCapacity: true)
        key.append(exchange, to: &keys[exchange])
        let scratch = exchange.tools.scratch
        scratch.clear()
        keys[exchange].withView { scratch.append($0) }
        return scratch
    }

    private func refusal(_ decision: RateDecision, _ limits: PlanGrant.Limits, _ exchange: Exchange) -> Verdict? {
        let left = RateLimitLeft(window: decision.window, remaining: decision.remaining, reset: decision.reset).memo
        (exchange.memo.first, exchange.memo.second) = (left.first, left.second)
        if decision.allowed { return nil }
        exchange.response.fields.append(.retryAfter) { $0.append(decimal: limits.fields.retryAfter(decision)) }
        return .refuse(.rateLimited, "Too many requests have come in too short a time.")
    }

    /// Nil: the store has to be waited for.
    private func askNow(_ grant: PlanGrant, _ exchange: Exchange) -> Verdict? {
        guard let book = grant.book else { return .proceed }
        let receipt = book.open(exchange, calls: 1)
        receipt.owner = grant
        exchange.memo.object = receipt
        return book.askNow(receipt, in: stores.store, exchange) ? verdict(receipt, exchange) : nil
    }

    private func verdict(_ receipt: QuotaReceipt, _ exchange: Exchange) -> Verdict {
        if receipt.isAllowed { return .proceed }
        exchange.response.fields.append(.retryAfter) { $0.append(decimal: receipt.seconds(receipt.decisive)) }
        return .refuse(.quotaExceeded, "The quota is used up.")
    }

    // MARK: Telling and settling

    private func grant(_ exchange: Exchange) -> (grant: PlanGrant, receipt: QuotaReceipt?)? {
        let object = exchange.memo.object
        if let receipt = object as? QuotaReceipt { return (receipt.owner as? PlanGrant).map { ($0, receipt) } }
        return (object as? PlanGrant).map { ($0, nil) }
    }

    package func onResponse(_ exchange: Exchange) -> Verdict {
        guard let (grant, receipt) = grant(exchange) else { return .proceed }
        if let receipt { grant.book?.fields.add(receipt, to: exchange) }
        if let left = RateLimitLeft(exchange.memo) { grant.limits?.fields.add(left, to: exchange) }
        return .proceed
    }

    package func requestBody(_ exchange: Exchange) -> BodyDemand {
        guard let (grant, receipt) = grant(exchange), let receipt, let book = grant.book else { return .none }
        return QuotaStage.request(exchange, book, receipt)
    }

    package func responseBody(_ exchange: Exchange) -> BodyDemand {
        guard let (grant, receipt) = grant(exchange), let receipt, let book = grant.book else { return .none }
        return QuotaStage.response(exchange, book, receipt)
    }

    package func onFinish(_ exchange: Exchange) {
        guard let (grant, receipt) = grant(exchange), let receipt, let book = grant.book else { return }
        book.settle(receipt, exchange, calls: nil)
        exchange.memo.object = nil
        book.close(receipt, exchange)
    }

    package var figures: [PolicyFigure] {
        let figures = grants.withLock { Array($0.values) }.compactMap(\.book).map(\.teller.figures)
        let sums = (figures.first ?? []).indices.map { place in
            var sum = figures[0][place]
            sum.value = figures.reduce(0) { $0 &+ $1[place].value }
            return sum
        }
        let refused = denied.load(ordering: .relaxed)
        return sums + [PolicyFigure("plan_denied", .counter, refused, "Calls refused because the caller's plans do not include them.")]
    }
}

extension Reason {
    package static let planDenied = Reason("plan_denied", 403, "Not included in the plan")
}
