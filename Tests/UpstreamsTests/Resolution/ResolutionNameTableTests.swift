import Primitives
import Reactor
import Synchronization
import Testing

@testable import Upstreams

@Suite struct ResolutionNameTableTests {
    private let start = Instant(nanoseconds: 1_000_000_000_000)

    private func name(_ last: UInt32, ttl seconds: Int = 10) -> NameTable.Outcome {
        .success(ResolvedName([IPAddress(v4: last)], timeToLive: .seconds(seconds), source: .dns))
    }

    private func state(_ host: String = "a") -> WatchState { WatchState(NameQuestion(host)) { _ in } }

    private func text(_ step: Monitor<NameTable>.Step<NameTable.Work>, from start: Instant) -> String {
        switch step {
        case .done(.ask(let question)): "ask \(question.host)"
        case .done(.deliver(let question, let deliveries)): "deliver \(question.host) \(deliveries.count)"
        case .wait(until: .never): "wait"
        case .wait(until: let deadline): "wait \((deadline - start) / 1_000_000_000)"
        case .end: "end"
        }
    }

    @Test func refreshesWhenTheTimeToLiveIsOver() {
        var table = NameTable(negativeTimeToLive: .seconds(5))
        #expect(text(table.next(now: start), from: start) == "wait")
        _ = table.watch("a", state(), now: start)
        #expect(text(table.next(now: start), from: start) == "ask a")
        #expect(text(table.next(now: start), from: start) == "wait", "one thread at a time")
        #expect(table.finished("a", name(1), now: start).count == 1)
        #expect(text(table.next(now: start + .seconds(20)), from: start) == "wait", "until the watchers are told")
        table.delivered("a")
        #expect(text(table.next(now: start + .seconds(9)), from: start) == "wait 10")
        #expect(text(table.next(now: start + .seconds(10)), from: start) == "ask a")
    }

    @Test func triesAgainSoonAfterAFailure() {
        var table = NameTable(negativeTimeToLive: .seconds(5))
        _ = table.watch("a", state(), now: start)
        _ = table.next(now: start)
        _ = table.finished("a", .failure(.notFound), now: start)
        table.delivered("a")
        #expect(text(table.next(now: start), from: start) == "wait 5")
    }

    @Test func aSecondAskerGetsWhatIsKnown() {
        var table = NameTable(negativeTimeToLive: .seconds(5))
        _ = table.watch("a", state(), now: start)
        _ = table.next(now: start)
        _ = table.finished("a", name(1), now: start)
        table.delivered("a")
        _ = table.watch("a", state(), now: start)
        table.resolve("a", { _ in }, now: start)
        #expect(text(table.next(now: start + .seconds(1)), from: start) == "deliver a 2")
        table.delivered("a")
        #expect(text(table.next(now: start + .seconds(1)), from: start) == "wait 10")
    }

    @Test func forgetsNamesThatNobodyWants() {
        var table = NameTable(negativeTimeToLive: .seconds(5))
        let id = table.watch("a", state(), now: start)
        _ = table.next(now: start)
        _ = table.finished("a", name(1), now: start)
        table.delivered("a")
        table.unwatch("a", id)
        #expect(text(table.next(now: start + .seconds(10)), from: start) == "wait")
        #expect(table.count == 0)
    }

    @Test func theMostOverdueComesFirst() {
        var table = NameTable(negativeTimeToLive: .seconds(5))
        _ = table.watch("late", state(), now: start + .seconds(2))
        _ = table.watch("early", state(), now: start)
        #expect(text(table.next(now: start + .seconds(3)), from: start) == "ask early")
        #expect(text(table.next(now: start + .seconds(3)), from: start) == "ask late")
    }

    @Test func stoppingReleasesThoseWhoWait() {
        var table = NameTable(negativeTimeToLive: .seconds(5))
        table.resolve("a", { _ in }, now: start)
        #expect(table.stop().count == 1)
        #expect(text(table.next(now: start), from: start) == "end")
    }

    @Test func aWatchedNameIsToldOnlyOfChanges() {
        let calls = Told()
        let state = WatchState("a") { name in calls.list.withLock { $0.append(name.addresses) } }
        let one = ResolvedName([IPAddress(v4: 2), IPAddress(high: 1, low: 1), IPAddress(v4: 1)], timeToLive: 1, source: .dns)
        #expect(one.addresses == [IPAddress(v4: 1), IPAddress(v4: 2), IPAddress(high: 1, low: 1)])
        state.deliver(one)
        state.deliver(ResolvedName(one.addresses.reversed(), timeToLive: 1, source: .dns))
        state.deliver(.notFound)
        #expect(state.current.failure == .notFound)
        #expect(state.current.name?.addresses == one.addresses)
        state.deliver(one)
        #expect(state.current.failure == nil)
        state.stop()
        state.deliver(ResolvedName([.loopback], timeToLive: 1, source: .dns))
        #expect(calls.list.withLock { $0 } == [one.addresses])
    }

    private final class Told: Sendable {
        let list = Mutex<[[IPAddress]]>([])
    }
}

extension NameQuestion: ExpressibleByStringLiteral {
    public init(stringLiteral host: String) { self.init(host) }
}
