import GatewayCore
import PolicyKit
import Reactor
import ReactorTesting
import SharedState
import Synchronization
import Testing

@testable import Policies

@Suite struct SpikeArrestTests {
    private let asker = PolicyAsker()
    private var network: MemoryNetwork { asker.network }

    private func policy(_ yaml: String, _ stores: SharedStores = SharedStores()) throws -> SpikeArrest {
        try SpikeArrest(try decoded(yaml), PolicyContext(label: "spike-arrest", loops: 1, stores: stores))
    }

    @Test func whoWaitsGoesAtItsSlot() throws {
        let policy = try policy("{ limit: 30, window: 1m, queue: { size: 2, longest: 10s } }")
        let asked = (0..<4).map { _ in asker.ask(policy) }
        #expect(asked.map(\.outcome.text) == ["passed", "", "", "spike_arrested"])
        network.advance(.milliseconds(1990))
        #expect(asked[1].outcome.text == "")
        network.advance(3 * TimerWheel.tick)
        #expect(asked[1].outcome.text == "passed" && asked[2].outcome.text == "")
        network.advance(.seconds(2))
        #expect(asked[2].outcome.text == "passed")
        #expect(policy.figures.first { $0.name == "spike_arrest_queued" }?.value == 2)
    }

    @Test func whoLeavesIsNotWaitedFor() throws {
        let policy = try policy("{ limit: 1, window: 10s, queue: { longest: 1m } }")
        _ = asker.ask(policy)
        let waits = asker.ask(policy)
        waits.task?.cancel()
        network.settle()
        #expect(waits.outcome.text != "")
    }

    /// For as long as the store takes.
    private func askAndWait(_ policy: SpikeArrest) -> PolicyAsker.Asked {
        defer { network.advance(.milliseconds(40)) }
        return asker.ask(policy)
    }

    @Test func aStoreIsAsked() throws {
        let store = StandInStore()
        let policy = try policy("{ limit: 1, window: 1s, queue: { size: 1 } }", store.stores)
        let asked = (0..<3).map { _ in askAndWait(policy) }
        #expect(asked.map(\.outcome.text) == ["passed", "", "spike_arrested"])
        network.advance(.seconds(1))
        #expect(asked[1].outcome.text == "passed")
    }

    @Test(arguments: [
        ("allow", "passed", "passed"), ("deny", "limit_unknown", "limit_unknown"), ("local", "passed", "spike_arrested"),
    ])
    func aStoreThatDoesNotAnswer(_ setting: String, _ first: String, _ second: String) throws {
        let store = StandInStore()
        store.told.withLock { $0.isBroken = true }
        let policy = try policy("{ limit: 1, window: 10s, onStoreFailure: \(setting) }", store.stores)
        let asked = (0..<2).map { _ in askAndWait(policy) }
        #expect(asked.map(\.outcome.text) == [first, second])
    }
}
