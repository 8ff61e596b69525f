import Primitives
import Reactor
import Testing

@testable import SharedState

@Suite struct LocalSyncLimiterTests {
    /// A gateway that shares with nobody decides as one that keeps its limits to itself.
    @Test(arguments: [RateAlgorithm.gcra, .sliding, .fixed]) func aloneItIsExact(_ algorithm: RateAlgorithm) {
        var random = SeededRandom(seed: 3)
        for _ in 0..<20 {
            let windows = (0..<Int.random(in: 1...3, using: &random)).map { _ in
                RateWindow(
                    limit: .random(in: 0...40, using: &random), period: .milliseconds(.random(in: 1...5000, using: &random)),
                    burst: .random(in: 1...40, using: &random))
            }
            let shared = LocalSyncStore().limiter(LimiterSpecification(name: "a", windows: windows, algorithm: algorithm, capacity: 100))
            let memory = MemoryLimiter(windows: windows, algorithm: algorithm, capacity: 100)
            var time: UInt64 = 5_000_000_000
            for _ in 0..<500 {
                time += .random(in: 0...300_000_000, using: &random)
                let key = [UInt8.random(in: 0...3, using: &random)], cost = Int.random(in: 0...3, using: &random)
                key.withView { key in
                    let one = shared.takeNow(key, cost: cost, now: Instant(nanoseconds: time), wall: time)
                    #expect(one == memory.takeNow(key, cost: cost, now: Instant(nanoseconds: time), wall: time))
                }
            }
        }
    }

    /// Weights of all gateways make one whole at most, whoever has asked.
    @Test func weightsMakeOneWhole() {
        for present in 1...300 {
            let group = SyncGroup(present: present)
            for active in 0...present {
                let sum = UInt64(active) * (active == 0 ? 0 : group.activeWeight(active)) + UInt64(present - active) * group.quietWeight
                #expect(sum <= SyncGroup.whole)
                if active > 0 { #expect(sum > SyncGroup.whole - 1000) }
            }
        }
    }

    /// Within a share nothing has to be asked for; beyond it, one request may pass where nothing is unknown to others.
    @Test func shares() {
        let share = SyncShare(left: 100, unknown: 0, weight: SyncGroup.whole / 4)
        #expect(share.allowance(1) == 25)
        #expect(share.allowance(60) == 60)
        #expect(SyncShare(left: 90, unknown: 10, weight: SyncGroup.whole / 4).allowance(1) == 15)
        #expect(SyncShare(left: 90, unknown: 10, weight: SyncGroup.whole / 4).allowance(60) == 15)
        #expect(SyncShare(left: 3, unknown: 0, weight: SyncGroup.whole / 40).allowance(1) == 1)
        #expect(SyncShare(left: 2, unknown: 1, weight: SyncGroup.whole / 40).allowance(1) == 0)
        #expect(SyncShare(left: 0, unknown: 0, weight: SyncGroup.whole).allowance(1) == 0)
        #expect(SyncShare(left: 100, unknown: 0, weight: SyncGroup.whole, reserve: 90).allowance(1) == 10)
        #expect(SyncShare(left: 100, unknown: 0, weight: SyncGroup.whole, reserve: 100).allowance(1) == 0)
        #expect(SyncShare(left: .max, unknown: .max, weight: SyncGroup.whole, reserve: .max).allowance(.max) == 0)
    }

    @Test func spendingOfThePeriod() {
        let flight = Flight(period: 1000)
        var memory = [UInt64](repeating: 0, count: Flight.words)
        var random = SeededRandom(seed: 4)
        var log: [(time: UInt64, units: UInt64)] = [], time: UInt64 = 10_000, total: UInt64 = 0
        unsafe memory.withUnsafeMutableBufferPointer { buffer in
            let state = unsafe StateWords(buffer.baseAddress!, count: buffer.count)
            for _ in 0..<5_000 {
                time +=
                    UInt64.random(in: 0...20, using: &random) == 0
                    ? UInt64.random(in: 0...3000, using: &random) : UInt64.random(in: 0...60, using: &random)
                func spent(_ length: UInt64) -> UInt64 { log.filter { $0.time + length > time }.reduce(0) { $0 + $1.units } }
                let answer = flight.spent(state, total: total, now: time)
                #expect(answer >= spent(1000) && answer <= spent(1250))
                let units = UInt64.random(in: 0...5, using: &random)
                flight.note(state, total: total, now: time)
                total += units
                log.append((time, units))
                log.removeAll { $0.time + 2000 < time }
            }
        }
    }

    @Test func pagesComeBack() {
        var random = SeededRandom(seed: 5)
        let records = (0..<200).map { index in
            SyncRecord(
                key: LimitKey(low: random.next(), high: random.next()), generation: random.next(), spent: random.next(), returned: 0,
                isActive: index % 2 == 0, grants: index % 3 == 0, wantsAnswer: index % 5 == 0, knownGeneration: 3, known: random.next() >> 40,
                recent: index % 4 == 0 ? [random.next(), 0] : [], ends: index % 7 == 0 ? random.next() | 1 : 0)
        }
        let payloads = SyncPage.payloads(book: 77, records, capacity: 500)
        #expect(payloads.allSatisfy { $0.count <= 500 })
        #expect(payloads.compactMap { SyncPage(bytes: $0) }.flatMap(\.records) == records)
        #expect(SyncPage(bytes: payloads[0])?.book == 77)
        for length in 9..<payloads[0].count {
            if let page = SyncPage(bytes: Array(payloads[0].prefix(length))) { #expect(page.records.count < records.count) }
        }
        #expect(SyncPage(bytes: [1, 2]) == nil)
    }

    /// News that comes late, twice or in another order changes nothing.
    @Test func newsMayComeInAnyOrder() {
        var random = SeededRandom(seed: 6)
        let key = LimitKey(low: 1, high: 2), time = SyncTime(now: 1_000_000_000_000, wall: SyncNetwork.epoch)
        let news = (1...30).map { UInt64($0) }.map {
            SyncPage.payloads(
                book: LocalSyncStore.counterBook,
                [
                    SyncRecord(
                        key: key, generation: 1, spent: 10 * $0, returned: $0, isActive: true, recent: [9 * $0],
                        ends: SyncNetwork.epoch + .seconds(60))
                ], capacity: 1000)[0]
        }
        for _ in 0..<100 {
            let store = LocalSyncStore()
            var reconciler = Reconciler(capacity: 1000)
            reconciler.members = [MemberID(1), MemberID(2)]
            reconciler.books = store.books
            for sender in 1...2 {
                for bytes in (news + news).shuffled(using: &random) { reconciler.receive(bytes, from: MemberID(UInt64(sender)), time) }
            }
            #expect(reconciler.counters.refused == 0)
            #expect(store.counters.total(key) == 540)
        }
    }

    @Test func strangersAndGarbageAreRefused() {
        let store = LocalSyncStore(), time = SyncTime(now: 1, wall: SyncNetwork.epoch)
        var reconciler = Reconciler(capacity: 1000)
        reconciler.books = store.books
        reconciler.receive(
            SyncPage.payloads(book: 1, [SyncRecord(key: LimitKey(low: 1, high: 1), generation: 1)], capacity: 1000)[0], from: MemberID(9), time)
        reconciler.members = [MemberID(9)]
        reconciler.receive([], from: MemberID(9), time)
        reconciler.receive([0, 0, 0, 0, 0, 0, 0, 1, 5], from: MemberID(9), time)
        reconciler.receive(
            SyncPage.payloads(book: 12, [SyncRecord(key: LimitKey(low: 1, high: 1), generation: 1)], capacity: 1000)[0], from: MemberID(9), time)
        #expect(reconciler.counters.refused == 4)
        #expect(reconciler.subjects.isEmpty)
    }
}
