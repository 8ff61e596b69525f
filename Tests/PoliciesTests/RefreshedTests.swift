import Primitives
import Reactor
import Synchronization
import Testing

@testable import Policies

@Suite struct RefreshPlanTests {
    private func at(_ seconds: Int) -> Instant { Instant(nanoseconds: 0) + .seconds(seconds) }

    @Test func dialogue() {
        var plan = RefreshPlan(interval: .seconds(60), missInterval: .seconds(300))
        #expect(plan.begin(now: at(0)))
        #expect(!plan.begin(now: at(0)) && !plan.beginForMiss(now: at(0)))
        plan.end(succeeded: true, now: at(0))
        #expect(!plan.begin(now: at(59)) && plan.due == at(60) && plan.stale == at(120))
        // Something is missing.
        #expect(plan.beginForMiss(now: at(10)))
        plan.end(succeeded: true, now: at(10))
        #expect(!plan.beginForMiss(now: at(309)) && plan.due == at(70))
        #expect(plan.beginForMiss(now: at(310)))
        plan.end(succeeded: true, now: at(310))
        // Failures are repeated soon, and what there is goes on.
        #expect(plan.begin(now: at(370)))
        plan.end(succeeded: false, now: at(370))
        #expect(plan.due == at(380) && plan.stale == at(430) && !plan.begin(now: at(379)))
        #expect(plan.begin(now: at(1000)))
        plan.end(succeeded: false, now: at(1000))
        #expect(plan.stale == at(1010))
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
                load: {
                    self.state.withLock { state in
                        state.asked += 1
                        return state.text.map { .success($0) } ?? .failure(LoadFailure("down"))
                    }
                },
                parse: { text in text.count == 1 ? .success(Int(text[0])) : .failure(LoadFailure("malformed")) })
        }
    }

    private func at(_ seconds: Int) -> Instant { Instant(nanoseconds: 0) + .seconds(1000 + seconds) }

    @Test func lastGoodOneStays() async {
        let publisher = Publisher()
        let document = publisher.document()
        #expect(document.value == nil && document.isDue(now: at(0)) && document.isStale(now: at(0)))
        await document.refresh(now: at(0))
        #expect(document.value == 1 && document.version == 1 && !document.isDue(now: at(59)) && document.isDue(now: at(60)))
        publisher.publish(nil)
        await document.refresh(now: at(60))
        #expect(document.value == 1 && document.failure == "down" && document.version == 1)
        publisher.publish([1, 2])
        await document.refresh(now: at(80))
        #expect(document.value == 1 && document.failure == "malformed")
        publisher.publish([1])
        await document.refresh(now: at(100))
        // The same again is nothing new.
        #expect(document.version == 1 && document.failure == nil)
        publisher.publish([2])
        await document.refresh(now: at(200))
        #expect(document.value == 2 && document.version == 2)
        #expect(document.figures == RefreshFigures(loads: 5, failures: 2))
    }

    @Test func manyWaitForOneLoad() async {
        let publisher = Publisher()
        let document = publisher.document()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<50 { group.addTask { await document.refresh(now: self.at(0)) } }
        }
        #expect(publisher.asked == 1 && document.value == 1)
        await document.refresh(now: at(1))
        #expect(publisher.asked == 1)
    }

    @Test func whatIsReadAtTheBeginningIsUsedAtOnce() async {
        let document = Publisher().document(first: (9, [9]))
        #expect(document.value == 9 && document.isDue(now: at(0)) && !document.isStale(now: at(100_000)))
        await document.refresh(now: at(0))
        #expect(document.value == 1 && document.isStale(now: at(120)))
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
