import GatewayCore
import Model
import PolicyKit
import Primitives
import Reactor
import ReactorTesting
import Schema
import SharedState
import Synchronization
import Testing

@testable import Policies

/// Quotas and plans that are counted where somebody has to be waited for, and where nobody answers.
@Suite struct QuotaStoreTests {
    private let network = MemoryNetwork()
    private let store = StandInStore()

    private func quota(_ settings: String) throws -> Quota {
        try Quota(try decoded("{ per: day, by: route, \(settings) }"), PolicyContext(label: "quota", loops: 1, stores: store.stores))
    }

    private func exchange(of consumer: Consumer? = nil) -> Exchange {
        let exchange = Exchange(loop: network.loop)
        exchange.consumer = consumer
        return exchange
    }

    /// What a policy says, when it has waited for its store.
    private func ask(_ policy: some AsyncRequestPolicy, _ exchange: Exchange) -> String {
        if let verdict = policy.verdict(exchange) { return "at once \(verdict.said)" }
        let box = Box()
        nonisolated(unsafe) let held = exchange
        _ = Task(executorPreference: network.loop) {
            let text = await unsafe policy.onRequest(held).said
            box.text.withLock { $0 = text }
        }
        network.settle()
        for _ in 0..<100 where box.text.withLock({ $0.isEmpty }) { pass() }
        return box.text.withLock { $0 }
    }

    private final class Box: Sendable {
        let text = Mutex("")
    }

    /// Settling is waited for by nobody.
    private func finish(_ policy: some FinishPolicy, _ exchange: Exchange) {
        policy.onFinish(exchange)
        for _ in 0..<3 { pass() }
    }

    /// Time for the store to answer.
    private func pass() {
        network.advance(.milliseconds(10))
        network.settle()
    }

    @Test func aStandInStoreIsWaitedFor() throws {
        let policy = try quota("calls: 2")
        #expect((0..<3).map { _ in ask(policy, exchange()) } == ["proceed", "proceed", "quota_exceeded"])
    }

    @Test func whatIsSettledArrives() throws {
        let policy = try quota("calls: 10, costFrom: 'response.status - 200'")
        let first = exchange()
        #expect(ask(policy, first) == "proceed")
        first.response.status = 209
        finish(policy, first)
        #expect(ask(policy, exchange()) == "proceed")
        #expect(ask(policy, exchange()) == "quota_exceeded")
    }

    @Test func refusedCallsCountInAStandInStoreToo() throws {
        let policy = try quota("calls: 1, count: all")
        #expect(ask(policy, exchange()) == "proceed")
        #expect(ask(policy, exchange()) == "quota_exceeded")
        for _ in 0..<3 { pass() }
        let box = Box()
        let loop = network.loop
        _ = Task(executorPreference: loop) { [store, loop] in
            if case .success(let found) = await store.counters(prefix: Array("quota/".utf8), most: 10, on: loop) {
                box.text.withLock { $0 = "\(found.map(\.total))" }
            }
        }
        network.settle()
        #expect(box.text.withLock { $0 } == "[2]")
    }

    @Test(arguments: [
        ("allow", ["proceed", "proceed", "proceed"]), ("deny", ["limit_unknown", "limit_unknown", "limit_unknown"]),
        ("local", ["proceed", "proceed", "quota_exceeded"]),
    ])
    func aStoreThatDoesNotAnswer(_ rule: String, _ expected: [String]) throws {
        let policy = try quota("calls: 2, onStoreFailure: \(rule)")
        store.told.withLock { $0.isBroken = true }
        #expect(
            (0..<3).map { _ in
                let exchange = exchange()
                defer { finish(policy, exchange) }
                return ask(policy, exchange)
            } == expected)
        #expect(policy.figures.first { $0.name == "quota_store_failures" }?.value == 3)
    }

    @Test func plansAreCountedInAStandInStoreAndInMemoryWhileItIsBroken() throws {
        let plan: Plan = try decoded("{ name: free, limits: [{ limit: 3, window: 1h }], quotas: [{ calls: 2, per: day }] }")
        let policy = try Plans(Plans.Config(), PolicyContext(label: "plans", loops: 1, stores: store.stores, plans: [plan]))
        let consumer = Consumer(name: "c", plans: ["free"])
        #expect((0..<4).map { _ in ask(policy, exchange(of: consumer)) } == ["proceed", "proceed", "quota_exceeded", "rate_limited"])
        store.told.withLock { $0.isBroken = true }
        #expect((0..<4).map { _ in ask(policy, exchange(of: consumer)) } == ["proceed", "proceed", "quota_exceeded", "rate_limited"])
    }

    /// A client that leaves while the store is asked: what comes back is for nobody else.
    @Test func anExchangeThatEndsWhileItWaits() throws {
        let policy = try quota("calls: 1")
        let given = exchange()
        #expect(policy.verdict(given)?.said == nil)
        nonisolated(unsafe) let held = given
        let box = Box()
        _ = Task(executorPreference: network.loop) {
            let text = await unsafe policy.onRequest(held).said
            box.text.withLock { $0 = text }
        }
        network.settle()
        policy.onFinish(given)
        let next = exchange()
        #expect(policy.verdict(next)?.said == nil)
        #expect((next.memo.object as? QuotaReceipt)?.isWaiting == false)
        for _ in 0..<3 { pass() }
        #expect(box.text.withLock { $0 } == "proceed")
        #expect((next.memo.object as? QuotaReceipt)?.totals == [])
        #expect(ask(policy, exchange()) == "quota_exceeded")
    }

    @Test func unknownPlansAreNoPlans() throws {
        let plan: Plan = try decoded("{ name: free, limits: [{ limit: 1, window: 1h }] }")
        let policy = try Plans(Plans.Config(), PolicyContext(label: "plans", loops: 1, plans: [plan]))
        #expect(ask(policy, exchange(of: Consumer(name: "c", plans: ["gone"]))) == "at once plan_denied")
        #expect(ask(policy, exchange(of: Consumer(name: "c", plans: ["gone", "free"]))) == "at once proceed")
        #expect(ask(policy, exchange(of: Consumer(name: "c", plans: ["free", "gone"]))) == "at once rate_limited")
        #expect(ask(policy, exchange(of: Consumer(name: "c"))) == "at once proceed")
        #expect(ask(policy, exchange()) == "at once proceed")
    }
}

extension Verdict {
    fileprivate var said: String {
        switch self {
        case .proceed: "proceed"
        case .reply: "reply"
        case .refuse(let error): "\(error.reason)"
        }
    }
}
