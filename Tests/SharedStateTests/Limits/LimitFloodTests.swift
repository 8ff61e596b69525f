import Primitives
import Reactor
import SharedState
import Testing

/// Somebody sends twenty times as many different keys as a table holds.
@Suite struct LimitFloodTests {
    private static let capacity = 10_000

    @Test(arguments: RateAlgorithm.allCases) func memoryIsBoundedAndTheLimitedStayLimited(_ algorithm: RateAlgorithm) {
        let limiter = MemoryLimiter(
            windows: [RateWindow(limit: 20, period: .seconds(3600))], algorithm: algorithm, capacity: Self.capacity)
        let now = Instant(nanoseconds: 1_728_000_000_000_000_000)
        let limited = (0..<20).map { "limited \($0)" }
        for key in limited {
            key.withView { #expect(limiter.take(key: $0, cost: 20, now: now, wall: now.nanoseconds).allowed) }
        }
        let flood = 20 * Self.capacity, threads = 2
        let allowed = onThreads(threads) { thread in
            var slipped = 0
            for number in 0..<flood / threads {
                var key = (UInt64(thread), UInt64(number))
                withUnsafeBytes(of: &key) {
                    _ = limiter.take(key: ByteView($0), cost: 1, now: now, wall: now.nanoseconds)
                }
                guard number % 2000 == 0 else { continue }
                for key in limited where key.withView({ limiter.take(key: $0, cost: 1, now: now, wall: now.nanoseconds).allowed }) { slipped += 1 }
            }
            return slipped
        }
        #expect(allowed == 0)
        #expect(limiter.count <= Self.capacity && limiter.count > Self.capacity * 98 / 100)
        #expect(limiter.evictions == flood + limited.count - limiter.count)
        let bytes = algorithm == .sliding ? 48 * 8 : 5 * 8
        #expect(limiter.memory < Self.capacity * bytes * 4 / 3 + 10_000)
    }
}
