import GatewayCore
import PolicyKit
import Reactor
import ReactorTesting
import SharedState
import Synchronization
import Testing

@testable import Policies

@Suite struct ConcurrencyLimitTests {
    private let asker = PolicyAsker()
    private var network: MemoryNetwork { asker.network }

    private func policy(_ yaml: String, _ stores: SharedStores = SharedStores()) throws -> ConcurrencyLimit {
        try ConcurrencyLimit(try decoded(yaml), PolicyContext(label: "concurrency-limit", loops: 1, stores: stores))
    }

    private func figure(_ policy: ConcurrencyLimit, _ name: String) -> UInt64? {
        policy.figures.first { $0.name == "concurrency_limit_\(name)" }?.value
    }

    @Test func onlyWhatIsUnderWayCounts() throws {
        let policy = try policy("{ limit: 2 }")
        let first = asker.ask(policy), second = asker.ask(policy)
        #expect(first.outcome.text == "passed" && second.outcome.text == "passed")
        let third = asker.ask(policy)
        #expect(third.outcome.text == "concurrency_limited")
        #expect(third.exchange.response.fields.contains(.retryAfter))
        #expect(figure(policy, "in_flight") == 2 && figure(policy, "refused") == 1)
        // What was refused holds nothing that its end could give back.
        asker.finish(policy, third)
        #expect(asker.ask(policy).outcome.text == "concurrency_limited")
        asker.finish(policy, first)
        #expect(asker.ask(policy).outcome.text == "passed")
        #expect(figure(policy, "in_flight") == 2)
    }

    /// In memory nothing runs out, however long a request takes.
    @Test func sharesInMemoryLast() throws {
        let policy = try policy("{ limit: 1 }")
        let first = asker.ask(policy)
        network.advance(.seconds(100_000))
        #expect(asker.ask(policy).outcome.text == "concurrency_limited")
        asker.finish(policy, first)
        #expect(asker.ask(policy).outcome.text == "passed")
    }

    @Test func whoWaitsGoesInOrder() throws {
        let policy = try policy("{ limit: 1, queue: { size: 2, longest: 5s } }")
        let first = asker.ask(policy), second = asker.ask(policy), third = asker.ask(policy), fourth = asker.ask(policy)
        #expect(first.outcome.text == "passed" && second.outcome.text == "" && third.outcome.text == "")
        #expect(fourth.outcome.text == "concurrency_limited", "the line is full")
        asker.finish(policy, first)
        #expect(second.outcome.text == "passed" && third.outcome.text == "")
        // Nobody passes those who wait, even where a share is free for a moment.
        asker.finish(policy, second)
        #expect(third.outcome.text == "passed")
        #expect(figure(policy, "waiting") == 0)
    }

    @Test func waitingEnds() throws {
        let policy = try policy("{ limit: 1, queue: { longest: 1s } }")
        let first = asker.ask(policy), late = asker.ask(policy)
        network.advance(.milliseconds(900))
        #expect(late.outcome.text == "")
        network.advance(.milliseconds(200))
        #expect(late.outcome.text == "concurrency_limited")
        asker.finish(policy, first)
        #expect(asker.ask(policy).outcome.text == "passed")
    }

    @Test func clientsThatLeaveTheLineLetOthersCloser() throws {
        let policy = try policy("{ limit: 1, queue: { size: 2 } }")
        let first = asker.ask(policy), second = asker.ask(policy), third = asker.ask(policy)
        asker.finish(policy, second)
        #expect(figure(policy, "waiting") == 1)
        asker.finish(policy, first)
        #expect(third.outcome.text == "passed")
        #expect(figure(policy, "in_flight") == 1)
    }

    @Test func dryRunsRefuseNobody() throws {
        let policy = try policy("{ limit: 1, dryRun: true, queue: {} }")
        _ = asker.ask(policy)
        #expect(asker.ask(policy).outcome.text == "passed")
        #expect(figure(policy, "refused") == 1)
    }

    // MARK: Stores that have to be asked

    @Test func aStoreIsAsked() throws {
        let store = StandInStore()
        let policy = try policy("{ limit: 1 }", store.stores)
        let first = asker.ask(policy)
        #expect(first.outcome.text == "")
        network.advance(.milliseconds(40))
        #expect(first.outcome.text == "passed")
        let second = asker.ask(policy)
        network.advance(.milliseconds(40))
        #expect(second.outcome.text == "concurrency_limited")
        asker.finish(policy, first)
        #expect(store.told.withLock { $0.left } == 1)
    }

    /// A share that comes when its exchange has ended goes back at once.
    @Test func sharesOfWhoHasLeft() throws {
        let store = StandInStore()
        let policy = try policy("{ limit: 1 }", store.stores)
        let first = asker.ask(policy)
        asker.finish(policy, first)
        network.advance(.milliseconds(40))
        #expect(store.told.withLock { $0.left } == 1)
        let second = asker.ask(policy)
        network.advance(.milliseconds(40))
        #expect(second.outcome.text == "passed")
    }

    @Test func sharesAreRenewedWhileTheyAreHeld() throws {
        let store = StandInStore()
        let policy = try policy("{ limit: 2, lifetime: 3s }", store.stores)
        let first = asker.ask(policy), second = asker.ask(policy)
        network.advance(.seconds(10))
        #expect(first.outcome.text == "passed" && second.outcome.text == "passed")
        let renewed = store.told.withLock { $0.renewed }
        #expect(renewed.count >= 16 && Set(renewed).count == 2)
        let third = asker.ask(policy)
        network.advance(.milliseconds(40))
        #expect(third.outcome.text == "concurrency_limited", "they have not run out")
        asker.finish(policy, first)
        asker.finish(policy, second)
        let before = store.told.withLock { $0.renewed.count }
        network.advance(.seconds(10))
        #expect(store.told.withLock { $0.renewed.count } == before)
    }

    /// A gateway that is gone renews nothing: after one lifetime its shares are free.
    @Test func sharesOfAGatewayThatIsGone() throws {
        let store = StandInStore()
        let request = LeaseRequest(
            key: Array("concurrency-limit/".utf8), holder: LeaseHolder(gateway: 1, number: 1), limit: 1, lifetime: .seconds(3))
        let gone = PolicyAsker.Outcome()
        let loop = network.loop
        Task(executorPreference: loop) {
            if case .success(let outcome) = await store.enter(request, on: loop), outcome.isHeld { gone.set(.proceed) }
        }
        network.advance(.milliseconds(40))
        #expect(gone.text == "passed")
        let policy = try policy("{ limit: 1, lifetime: 3s, queue: { longest: 10s } }", store.stores)
        let waits = asker.ask(policy)
        network.advance(.seconds(2))
        #expect(waits.outcome.text == "")
        network.advance(.milliseconds(1200))
        #expect(waits.outcome.text == "passed")
    }

    @Test(arguments: [
        ("allow", "passed", "passed"), ("deny", "limit_unknown", "limit_unknown"), ("local", "passed", "concurrency_limited"),
    ])
    func aStoreThatDoesNotAnswer(_ setting: String, _ first: String, _ second: String) throws {
        let store = StandInStore()
        store.told.withLock { $0.isBroken = true }
        let policy = try policy("{ limit: 1, onStoreFailure: \(setting) }", store.stores)
        let one = asker.ask(policy)
        network.advance(.milliseconds(40))
        let two = asker.ask(policy)
        network.advance(.milliseconds(40))
        #expect(one.outcome.text == first && two.outcome.text == second)
        #expect(figure(policy, "store_failures") == 2)
        asker.finish(policy, one)
        let three = asker.ask(policy)
        network.advance(.milliseconds(40))
        #expect(three.outcome.text == first)
    }
}
