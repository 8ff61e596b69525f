import Synchronization
import Testing

@testable import Policies

@Suite struct FetchedTests {
    /// Counts, and answers what it is told.
    private final class Source: Sendable {
        private let state = Mutex((count: 0, value: Optional(1)))
        var count: Int { state.withLock { $0.count } }
        func set(_ value: Int?) { state.withLock { $0.value = value } }
        func take() -> Int? {
            state.withLock { state in
                state.count += 1
                return state.value
            }
        }
    }

    private func settled(_ source: Source, _ count: Int) async {
        while source.count < count { await Task.yield() }
    }

    @Test func isKeptAndRenewedWhileItIsUsed() async {
        let source = Source(), fetched = Fetched<Int>(lifetime: 100, pause: 10) { _ in source.take() }
        #expect(fetched.known == nil)
        #expect(await fetched.value(now: 0, on: nil) == 1)
        source.set(2)
        #expect(await fetched.value(now: 99, on: nil) == 1)
        #expect(source.count == 1)
        // The old one does until the new one is there.
        #expect(await fetched.value(now: 100, on: nil) == 1)
        await settled(source, 2)
        while fetched.known != 2 { await Task.yield() }
        #expect(await fetched.value(now: 101, on: nil) == 2)
    }

    @Test func theLastGoodOneStays() async {
        let source = Source(), fetched = Fetched<Int>(lifetime: 100, pause: 10) { _ in source.take() }
        _ = await fetched.value(now: 0, on: nil)
        source.set(nil)
        #expect(await fetched.renewed(now: 20, on: nil) == 1)
        #expect(source.count == 2)
        // Not for each request.
        #expect(await fetched.renewed(now: 29, on: nil) == 1)
        #expect(source.count == 2)
        source.set(3)
        #expect(await fetched.renewed(now: 30, on: nil) == 3)
    }

    @Test func whatIsNotThereIsTriedAgain() async {
        let source = Source(), fetched = Fetched<Int>(lifetime: 100, pause: 10) { _ in source.take() }
        source.set(nil)
        #expect(await fetched.value(now: 0, on: nil) == nil)
        source.set(4)
        #expect(await fetched.value(now: 0, on: nil) == nil)
        #expect(await fetched.value(now: 1, on: nil) == 4)
    }
}
