import Expressions
package import GatewayCore
import Model
package import PolicyKit
import Primitives
import Reactor
import Schema
import SharedState

/// Limits how many calls or bytes there are until the calendar turns (`docs/guides/quotas.md`).
package final class Quota: Policy, AsyncRequestPolicy, ResponsePolicy, RequestBodyPolicy, ResponseBodyPolicy, FinishPolicy, ReportingPolicy {
    package static let id = "quota"
    package static let example = """
        quota: { calls: 10000, per: month, warnAt: [80%] }
        """
    package static let reasons: [Reason] = [.quotaExceeded, .limitUnknown]
    package static var isGuard: Bool { true }

    private let book: QuotaBook
    private let stores: StoreChoice
    private let cost: RateLimitCost
    private let settlement: Expression?
    private let isQuiet: Bool

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        var rules: [QuotaRule] = []
        for (window, path) in try config.quotaWindows() {
            let prefix = path.isEmpty ? "" : "\(path)."
            let limit: QuotaRule.Limit
            if let calls = window.calls {
                limit = try QuotaRule.Limit(calls.amount, "\(prefix)calls", context)
            } else if let bytes = window.bytes {
                limit = try QuotaRule.Limit(bytes.amount, "\(prefix)bytes", context)
            } else {
                continue
            }
            rules.append(QuotaRule(window, limit: limit))
        }
        stores = try StoreChoice(config.store, at: config.$store.position, config.onStoreFailure, context)
        cost = try RateLimitCost(config.cost, context)
        var settlement: Expression?
        if let text = config.costFrom { settlement = try context.compile(text, "costFrom", expecting: .int, isResponseKnown: true) }
        self.settlement = settlement
        book = QuotaBook(
            rules, by: try QuotaKey.Compiled(config.by, at: config.$by.position, context),
            QuotaBook.Settings(
                label: context.label, place: context.place, headers: config.headers, countsRefused: config.count == .all, isDryRun: config.dryRun),
            context)
        isQuiet = config.dryRun || config.headers == .none
    }

    package static func needs(_ config: Config) -> [Fact] { config.by.needsConsumer ? [.consumer] : [] }

    package func phases(on route: RouteFacts) -> PolicyPhases {
        var phases: PolicyPhases = [.request, .finish]
        if !isQuiet { phases.insert(.response) }
        if book.countsRequests { phases.insert(.requestBody) }
        if book.countsResponses { phases.insert(.responseBody) }
        return phases
    }

    // MARK: Asking

    package func verdict(_ exchange: Exchange) -> Verdict? {
        let receipt = book.open(exchange, calls: cost.units(exchange))
        exchange.memo.object = receipt
        return book.askNow(receipt, in: stores.store, exchange) ? verdict(receipt, exchange) : nil
    }

    package func onRequest(_ exchange: Exchange) async -> Verdict {
        guard let receipt = receipt(exchange) else { return .proceed }
        guard await book.ask(receipt, in: stores.store, exchange) != nil else { return verdict(receipt, exchange) }
        stores.failures.note(exchange)
        switch stores.onFailure {
        case .allow: return .proceed
        case .deny: return .refuse(.limitUnknown, "Whether the quota is used up can't be found out now.")
        case .local:
            guard let local = stores.local, book.askNow(receipt, in: local, exchange) else { return .proceed }
            return verdict(receipt, exchange)
        }
    }

    private func verdict(_ receipt: QuotaReceipt, _ exchange: Exchange) -> Verdict {
        if receipt.isAllowed { return .proceed }
        exchange.response.fields.append(.retryAfter) { $0.append(decimal: receipt.seconds(receipt.decisive)) }
        return .refuse(.quotaExceeded, "The quota is used up.")
    }

    private func receipt(_ exchange: Exchange) -> QuotaReceipt? { exchange.memo.object as? QuotaReceipt }

    // MARK: Telling and settling

    package func onResponse(_ exchange: Exchange) -> Verdict {
        if !isQuiet, let receipt = receipt(exchange) { book.fields.add(receipt, to: exchange) }
        return .proceed
    }

    package func requestBody(_ exchange: Exchange) -> BodyDemand {
        receipt(exchange).map { QuotaStage.request(exchange, book, $0) } ?? .none
    }

    package func responseBody(_ exchange: Exchange) -> BodyDemand {
        receipt(exchange).map { QuotaStage.response(exchange, book, $0) } ?? .none
    }

    package func onFinish(_ exchange: Exchange) {
        guard let receipt = receipt(exchange) else { return }
        var calls: Int?
        if let settlement, case .int(let units) = exchange.evaluate(settlement) { calls = units }
        book.settle(receipt, exchange, calls: calls)
        exchange.memo.object = nil
        book.close(receipt, exchange)
    }

    package var figures: [PolicyFigure] {
        book.teller.figures + [PolicyFigure("quota_store_failures", .counter, stores.failures.count, "Calls for which the store did not answer.")]
    }
}

extension Reason {
    package static let quotaExceeded = Reason("quota_exceeded", 429, "Quota exceeded")
}
