import Primitives
import Reactor
import ReactorTesting
import Testing

@testable import SharedState

@Suite struct ElectionTests {
    private final class Told: @unchecked Sendable { var changes: [Int?] = [] }

    private func run<Value: Sendable>(_ network: MemoryNetwork, _ body: @escaping @Sendable () async -> Value) -> Value? {
        let box = Monitor<Value?>(nil)
        Task(executorPreference: network.loop) {
            let value = await body()
            box.withLock { $0 = value }
        }
        for _ in 0..<10_000 where box.withLock({ $0 == nil }) { network.advance(.milliseconds(1)) }
        return box.withLock { $0 }
    }

    @Test func oneLeadsAndAnotherFollows() {
        let network = MemoryNetwork(), store = MemoryStore(), told = (Told(), Told())
        let first = Election("test", candidate: MemberID(1), lifetime: .seconds(3), store: store, loop: network.loop) { told.0.changes.append($0) }
        let second = Election("test", candidate: MemberID(2), lifetime: .seconds(3), store: store, loop: network.loop) { told.1.changes.append($0) }
        _ = run(network) { await first.turn() }
        _ = run(network) { await second.turn() }
        #expect(first.leads && !second.leads && first.number == 1)
        for _ in 0..<10 {
            network.advance(.seconds(1))
            _ = run(network) { await first.turn() }
            _ = run(network) { await second.turn() }
            #expect(first.leads && !second.leads)
        }
        // The first says nothing any more.
        network.advance(.seconds(3))
        _ = run(network) { await second.turn() }
        #expect(!first.leads && second.leads && second.number == 2)
        _ = run(network) { await first.turn() }
        // The second gives back.
        _ = run(network) { await second.stop() }
        network.advance(.seconds(1))
        _ = run(network) { await first.turn() }
        #expect(first.leads && !second.leads && first.number == 3)
        #expect(told.0.changes == [1, nil, 3])
        #expect(told.1.changes == [2, nil])
    }

    @Test func locksAreHeldByOne() {
        let network = MemoryNetwork(), store = MemoryStore()
        let one = SharedLock("x", holder: MemberID(1), store: store), two = SharedLock("x", holder: MemberID(2), store: store)
        let loop = network.loop
        #expect(run(network) { await one.take(for: .seconds(1), on: loop) } == .success(true))
        #expect(run(network) { await two.take(for: .seconds(1), on: loop) } == .success(false))
        #expect(run(network) { await two.giveBack(on: loop) } == .success(false))
        #expect(run(network) { await one.extend(for: .seconds(5), on: loop) } == .success(true))
        network.advance(.seconds(2))
        #expect(run(network) { await two.take(for: .seconds(1), on: loop) } == .success(false))
        #expect(run(network) { await one.giveBack(on: loop) } == .success(true))
        #expect(run(network) { await two.take(for: .seconds(1), on: loop) } == .success(true))
        network.advance(.seconds(2))
        #expect(run(network) { await two.extend(for: .seconds(1), on: loop) } == .success(false))
    }
}
