import Primitives
import Reactor
import Testing

@testable import Policies
@testable import SharedState

@Suite struct SpikeSlotsTests {
    private func limiter(_ slots: SpikeSlots) -> MemoryLimiter { MemoryLimiter(windows: [slots.window], algorithm: .gcra, capacity: 100) }

    /// Requests come at random; those that are let in go at slots that are at least `distance` apart, but for the burst, in their order.
    @Test(arguments: [(30, 60, 1, 10), (10, 1, 1, 100), (7, 1, 3, 5), (1000, 1, 1, 50), (3, 1, 2, 0)])
    func slotsAreApart(_ limit: Int, _ seconds: Int, _ burst: Int, _ queue: Int) {
        let period = Nanoseconds.seconds(seconds)
        let slots = SpikeSlots(limit: limit, period: period, burst: burst, queue: queue > 0 ? (queue, .seconds(3600)) : nil)
        let limiter = limiter(slots)
        var random = SystemRandomNumberGenerator()
        var now = Instant(nanoseconds: 1_000_000_000)
        var gone: [Instant] = []
        var waiting: [Instant] = []
        for _ in 0..<2000 {
            now = now + random.next() % (slots.distance * 2)
            waiting.removeAll { $0 <= now }
            let decision = "k".withView { limiter.take(key: $0, now: now, wall: 0) }
            guard decision.allowed else {
                // Whoever is refused finds all places taken.
                #expect(waiting.count >= slots.waiting)
                continue
            }
            let goes = now + slots.wait(decision)
            if goes > now { waiting.append(goes) }
            #expect(waiting.count <= max(slots.waiting, 0))
            gone.append(goes)
        }
        #expect(gone.count > 100)
        // Rounding: a nanosecond for each place of the line.
        let play = UInt64(slots.waiting + burst)
        for (index, goes) in gone.enumerated().dropFirst(burst) {
            #expect(goes.nanoseconds + play >= gone[index - burst].nanoseconds + slots.distance, "request \(index)")
            #expect(goes >= gone[index - 1])
        }
    }

    @Test func thirtyAMinuteAreOneEachTwoSeconds() {
        let slots = SpikeSlots(limit: 30, period: .seconds(60), burst: 1, queue: (10, .seconds(7)))
        #expect(slots.distance == .seconds(2))
        // Who would have to wait for eight seconds has no place.
        #expect(slots.waiting == 3)
        let limiter = limiter(slots)
        let now = Instant(nanoseconds: 5_000_000_000)
        let waits = (0..<5).map { _ -> Nanoseconds? in
            let decision = "k".withView { limiter.take(key: $0, now: now, wall: 0) }
            return decision.allowed ? slots.wait(decision) : nil
        }
        #expect(waits == [0, .seconds(2), .seconds(4), .seconds(6), nil])
    }

    @Test func extremes() {
        let slots = SpikeSlots(limit: .max, period: 1, burst: .max, queue: (.max, .max))
        #expect(slots.window.burst <= RateWindow.limits.upperBound)
        let decision = RateDecision(allowed: true, window: 0, remaining: 0, reset: .max, retryAfter: 0, refusing: 0)
        _ = slots.wait(decision)
        _ = slots.shown(decision)
        #expect(SpikeSlots(limit: 1, period: .max, burst: 1, queue: (1, 1)).waiting == 0)
    }
}
