import Primitives
import Reactor
import ReactorTesting
import Synchronization
import Testing

@testable import Policies

@Suite struct RefreshPlanTests {
    private func at(_ seconds: Int) -> Instant { Instant(nanoseconds: 0) + .seconds(seconds) }

    @Test func dialogue() {
        var plan = RefreshPlan(interval: .seconds(60), missInterval: .seconds(300))
        expect(true, plan.begin(now: at(0)))
        expect(false, plan.begin(now: at(0)))
        expect(false, plan.beginForMiss(now: at(0)))
        plan.end(succeeded: true, now: at(0))
        expect(false, plan.begin(now: at(59)))
        #expect(plan.due == at(60) && plan.stale == at(120))
        // Something is missing.
        expect(true, plan.beginForMiss(now: at(10)))
        plan.end(succeeded: true, now: at(10))
        expect(false, plan.beginForMiss(now: at(309)))
        #expect(plan.due == at(70))
        expect(true, plan.beginForMiss(now: at(310)))
        plan.end(succeeded: true, now: at(310))
        // Failures are repeated soon, and what there is goes on.
        expect(true, plan.begin(now: at(370)))
        plan.end(succeeded: false, now: at(370))
        #expect(plan.due == at(380) && plan.stale == at(430))
        expect(false, plan.begin(now: at(379)))
        expect(true, plan.begin(now: at(1000)))
        plan.end(succeeded: false, now: at(1000))
        #expect(plan.stale == at(1010))
    }

    private func expect(_ wanted: Bool, _ answer: Bool, at place: SourceLocation = #_sourceLocation) {
        #expect(answer == wanted, sourceLocation: place)
    }
}

@Suite struct RefreshedTests {
    /// What is published, and how often it was asked for.
    private final class Publisher: Sendable {
        private let state = Mutex<(text: [UInt8]?, asked: Int)>(([1], 0))

        var asked: Int { state.withLock { $0.asked } }
        func publish(_ text: [UInt8]?) { state.withLock { $0.text = text } }

        func document(first: (value: Int, text: [UInt8])? = nil) -> Refreshed<Int> {
            Refreshed(
                RefreshPlan(interval: .seconds(60), missInterval: .seconds(300)), first: first,
                load: { _ in
                    self.state.withLock { state in
                        state.asked += 1
                        return state.text.map { .success($0) } ?? .failure(LoadFailure("down"))
                    }
                },
                parse: { text in text.count == 1 ? .success(Int(text[0])) : .failure(LoadFailure("malformed")) })
        }
    }

    @Test func lastGoodOneStays() {
        let network = MemoryNetwork(), publisher = Publisher()
        let document = publisher.document()
        func refresh(after seconds: Int) {
            network.advance(.seconds(seconds))
            document.refreshLater(on: network.loop)
            network.settle()
        }
        #expect(document.value == nil && document.isDue(now: network.now) && document.isStale(now: network.now))
        refresh(after: 0)
        #expect(document.value == 1 && document.version == 1 && !document.isDue(now: network.now))
        network.advance(.seconds(60))
        #expect(document.isDue(now: network.now) && !document.isStale(now: network.now))
        publisher.publish(nil)
        refresh(after: 0)
        #expect(document.value == 1 && document.failure == "down" && document.version == 1)
        publisher.publish([1, 2])
        refresh(after: 20)
        #expect(document.value == 1 && document.failure == "malformed")
        publisher.publish([1])
        refresh(after: 20)
        // The same again is nothing new.
        #expect(document.version == 1 && document.failure == nil)
        publisher.publish([2])
        refresh(after: 100)
        #expect(document.value == 2 && document.version == 2)
        #expect(document.figures == RefreshFigures(loads: 5, failures: 2))
    }

    private final class Counter: Sendable {
        private let count = Atomic(0)
        var value: Int { count.load(ordering: .acquiring) }
        func add() { count.add(1, ordering: .releasing) }
    }

    @Test func manyWaitForOneLoad() {
        let network = MemoryNetwork(), publisher = Publisher()
        let document = publisher.document(), loop = network.loop
        let done = Counter()
        for _ in 0..<50 {
            Task(executorPreference: loop) {
                await document.refresh(on: loop)
                done.add()
            }
        }
        #expect(network.settle { done.value == 50 })
        #expect(publisher.asked == 1 && document.value == 1)
        document.refreshLater(on: loop)
        network.settle()
        #expect(publisher.asked == 1)
    }

    @Test func whatIsReadAtTheBeginningIsUsedAtOnce() {
        let network = MemoryNetwork()
        let document = Publisher().document(first: (9, [9]))
        #expect(document.value == 9 && document.isDue(now: network.now) && !document.isStale(now: network.now + .seconds(100_000)))
        document.refreshLater(on: network.loop)
        network.settle()
        #expect(document.value == 1 && document.isStale(now: network.now + .seconds(120)))
    }

    /// What is long is read on another thread.
    @Test func longDocuments() {
        let network = MemoryNetwork(), publisher = Publisher()
        let document = publisher.document()
        publisher.publish([UInt8](repeating: 1, count: 100_000))
        document.refreshLater(on: network.loop)
        #expect(network.settle { document.failure == "malformed" })
    }
}

@Suite struct RevocationListTests {
    @Test(arguments: [
        "", "[]", "null", "{\"x\":[]}", "{\"jti\":{}}", "{\"jti\":[1]}", "{\"sub\":\"a\"}", "{\"sub\":[1]}", "{\"sub\":[{\"sub\":\"a\"}]}",
        "{\"sub\":[{\"issuedBefore\":1}]}", "{\"sub\":[{\"sub\":\"a\",\"issuedBefore\":\"1\"}]}", "{\"jti\":[],\"jti\":[]}",
    ]) func refused(_ text: String) {
        #expect(throws: LoadFailure.self) { try RevocationList.parse(Array(text.utf8)).get() }
    }

    @Test func revokes() throws {
        let text = #"{"jti":["t","ü"],"sub":["bob",{"sub":"alice","issuedBefore":100}]}"#
        let list = try RevocationList.parse(Array(text.utf8)).get()
        #expect(list.revokes(["jti": "t"]) && list.revokes(["jti": "ü"]) && !list.revokes(["jti": "T"]) && !list.revokes([:]))
        #expect(list.revokes(["sub": "bob", "jti": "x"]) && !list.revokes(["sub": "rob"]))
        #expect(list.revokes(["sub": "alice"]) && list.revokes(["sub": "alice", "iat": 99]) && list.revokes(["sub": "alice", "iat": "x"]))
        #expect(!list.revokes(["sub": "alice", "iat": 100]))
    }
}
