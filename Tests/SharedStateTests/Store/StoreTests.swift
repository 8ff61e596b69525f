import Primitives
import Reactor
import Testing

@testable import SharedState

/// What every store does, whatever it is made of.
@Suite struct StoreTests {
    @Test(arguments: StoreRig.kinds, RateAlgorithm.allCases) func limitsAreExactUnderConcurrency(
        _ kind: StoreKind, _ algorithm: RateAlgorithm
    ) async throws {
        try await with(kind) { store, loop in
            let limiter = store.limiter(specification("exact", 100, .seconds(86_400), algorithm))
            let allowed = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<300 { group.addTask(executorPreference: loop) { try await take(limiter, "k", loop).allowed } }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(allowed == 100)
            #expect(try await take(limiter, "other", loop).remaining == 99)
        }
    }

    @Test(arguments: StoreRig.kinds, RateAlgorithm.allCases) func whatIsSettledReportedAndReset(
        _ kind: StoreKind, _ algorithm: RateAlgorithm
    ) async throws {
        try await with(kind) { store, loop in
            let limiter = store.limiter(specification("settled", 10, .seconds(86_400), algorithm))
            #expect(try await take(limiter, "k", loop).remaining == 9)
            "k".withView { limiter.settle($0, cost: 5, on: loop) }
            #expect(try await limiter.report(Array("k".utf8), on: loop).get().map(\.remaining) == [4])
            "k".withView { limiter.settle($0, cost: -2, on: loop) }
            #expect(try await limiter.peek(Array("k".utf8), cost: 1, on: loop).get().remaining == 5)
            "k".withView { limiter.settle($0, cost: 100, on: loop) }
            #expect(try await !take(limiter, "k", loop).allowed)
            try await limiter.reset(Array("k".utf8), on: loop).get()
            #expect(try await take(limiter, "k", loop).remaining == 9)
        }
    }

    @Test(arguments: StoreRig.kinds, RateAlgorithm.allCases) func changedLimitsKeepWhatWasSpent(
        _ kind: StoreKind, _ algorithm: RateAlgorithm
    ) async throws {
        try await with(kind) { store, loop in
            let before = store.limiter(specification("changed", 10, .seconds(86_400), algorithm))
            for _ in 0..<7 { _ = try await take(before, "k", loop) }
            let more = store.limiter(specification("changed", 20, .seconds(86_400), algorithm))
            #expect(try await take(more, "k", loop).remaining == 12)
            let fewer = store.limiter(specification("changed", 5, .seconds(86_400), algorithm))
            #expect(try await !take(fewer, "k", loop).allowed)
            #expect(try await take(fewer, "new", loop).remaining == 4)
        }
    }

    @Test(arguments: StoreRig.kinds) func refusedRequestsCountWhereThatIsWanted(_ kind: StoreKind) async throws {
        try await with(kind) { store, loop in
            var counting = specification("all", 2, .seconds(86_400), .fixed)
            counting.countsRefused = true
            let limiter = store.limiter(counting)
            for _ in 0..<5 { _ = try await take(limiter, "k", loop) }
            counting.windows = [RateWindow(limit: 6, period: .seconds(86_400))]
            #expect(try await take(store.limiter(counting), "k", loop).remaining == 0)
        }
    }

    @Test(arguments: StoreRig.kinds) func countersAreSpentTogetherOrNotAtAll(_ kind: StoreKind) async throws {
        try await with(kind) { store, loop in
            let ends = Instant.wallClock + 3_600_000_000_000
            func demand(_ key: String, _ amount: Int, _ limit: Int) -> CounterDemand {
                CounterDemand(key: Array(key.utf8), amount: amount, limit: limit, ends: ends)
            }
            func spend(_ demands: [CounterDemand], forced: Bool = false) async throws -> CounterOutcome {
                try await store.spend(demands, isForced: forced, on: loop).get()
            }
            let first = try await spend([demand("a", 3, 5), demand("b", 3, 10)])
            #expect(first.allowed && first.totals == [3, 3] && first.ends.allSatisfy { $0 / 1_000_000 == ends / 1_000_000 || $0 >= ends })
            let refused = try await spend([demand("b", 3, 10), demand("a", 3, 5)])
            #expect(!refused.allowed && refused.totals == [3, 3])
            #expect(try await spend([demand("a", 9, 5)], forced: true).totals == [12])
            #expect(try await spend([demand("a", -20, 5)], forced: true).totals == [0])
            let listed = try await store.counters(prefix: Array("b".utf8), most: 10, on: loop).get()
            #expect(listed.map(\.key) == [Array("b".utf8)] && listed.map(\.total) == [3])
            try await store.resetCounter(Array("b".utf8), on: loop).get()
            #expect(try await spend([demand("b", 1, 10)]).totals == [1])
        }
    }

    @Test(arguments: StoreRig.kinds) func sharesAreLeased(_ kind: StoreKind) async throws {
        try await with(kind) { store, loop in
            func request(_ number: UInt64, _ lifetime: Nanoseconds = .seconds(60)) -> LeaseRequest {
                LeaseRequest(key: [1, 2], holder: LeaseHolder(gateway: 7, number: number), limit: 2, lifetime: lifetime)
            }
            #expect(try await store.enter(request(1), on: loop).get() == LeaseOutcome(isHeld: true, held: 1))
            #expect(try await store.enter(request(2, .milliseconds(30)), on: loop).get() == LeaseOutcome(isHeld: true, held: 2))
            #expect(try await store.enter(request(2, .milliseconds(30)), on: loop).get() == LeaseOutcome(isHeld: true, held: 2))
            #expect(try await store.enter(request(3), on: loop).get() == LeaseOutcome(isHeld: false, held: 2))
            // The second is not renewed, so its share is free again.
            while try await !store.enter(request(3), on: loop).get().isHeld { await loop.sleep(for: .milliseconds(5)) }
            store.leave([1, 2], LeaseHolder(gateway: 7, number: 1), on: loop)
            store.renew([1, 2], [LeaseHolder(gateway: 7, number: 1), LeaseHolder(gateway: 7, number: 3)], lifetime: .seconds(60), on: loop)
            #expect(try await store.enter(request(4), on: loop).get() == LeaseOutcome(isHeld: true, held: 2))
        }
    }

    @Test(arguments: StoreRig.kinds) func valuesLiveForATime(_ kind: StoreKind) async throws {
        try await with(kind) { store, loop in
            let key = Array("lock".utf8)
            #expect(try await store.value(of: key, on: loop).get() == nil)
            #expect(try await store.set(key, to: [1], lifetime: .seconds(60), .ifAbsent, on: loop).get())
            #expect(try await !store.set(key, to: [2], lifetime: .seconds(60), .ifAbsent, on: loop).get())
            #expect(try await store.value(of: key, on: loop).get() == [1])
            #expect(try await !store.extend(key, ifEqual: [2], lifetime: .seconds(60), on: loop).get())
            #expect(try await !store.remove(key, ifEqual: [2], on: loop).get())
            #expect(try await store.extend(key, ifEqual: [1], lifetime: .seconds(60), on: loop).get())
            #expect(try await store.remove(key, ifEqual: [1], on: loop).get())
            #expect(try await !store.remove(key, ifEqual: nil, on: loop).get())
            #expect(try await store.set(key, to: [3], lifetime: .milliseconds(20), .always, on: loop).get())
            while try await store.value(of: key, on: loop).get() != nil { await loop.sleep(for: .milliseconds(5)) }
        }
    }

    private func with(_ kind: StoreKind, _ body: @escaping @Sendable (any SharedStore, EventLoop) async throws -> Void) async throws {
        let rig = try StoreRig(kind)
        defer { rig.stop() }
        let store = rig.store
        try await rig.on { try await body(store, $0) }
    }
}

private func specification(_ name: String, _ limit: Int, _ period: Nanoseconds, _ algorithm: RateAlgorithm) -> LimiterSpecification {
    // A burst of `gcra` gives nothing back within a test: a unit takes a tenth of a day, or a hundredth.
    LimiterSpecification(name: name, windows: [RateWindow(limit: limit, period: period)], algorithm: algorithm, capacity: 1000)
}

private func take(_ limiter: any Limiter, _ key: String, _ loop: EventLoop) async throws -> RateDecision {
    try await limiter.take(Array(key.utf8), cost: 1, on: loop).get()
}
