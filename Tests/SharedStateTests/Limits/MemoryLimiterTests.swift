import Primitives
import Reactor
import SharedState
import Testing

@Suite struct MemoryLimiterTests {
    private let second = Nanoseconds.seconds(1)

    @Test(arguments: RateAlgorithm.allCases) func keysAreIndependent(_ algorithm: RateAlgorithm) {
        let limiter = limiter(algorithm, limit: 1)
        #expect(take(limiter, "a") && take(limiter, "b") && take(limiter, ""))
        #expect(!take(limiter, "a") && !take(limiter, "b") && !take(limiter, ""))
        #expect(limiter.count == 3)
    }

    @Test(arguments: RateAlgorithm.allCases) func whatIsNotTakenLeavesNothing(_ algorithm: RateAlgorithm) {
        let limiter = limiter(algorithm, limit: 2)
        #expect(limiter.peek(key: ByteView("a"), cost: 1, now: at(0), wall: 0).allowed)
        #expect(limiter.take(key: ByteView("a"), cost: 0, now: at(0), wall: 0).allowed)
        #expect(!limiter.take(key: ByteView("a"), cost: 3, now: at(0), wall: 0).allowed)
        #expect(limiter.count == 0 && limiter.memory == 0)
        #expect(take(limiter, "a") && take(limiter, "a") && !take(limiter, "a"))
        #expect(limiter.count == 1)
    }

    @Test(arguments: RateAlgorithm.allCases) func resetForgets(_ algorithm: RateAlgorithm) {
        let limiter = limiter(algorithm, limit: 1)
        #expect(take(limiter, "a") && take(limiter, "b") && !take(limiter, "a"))
        limiter.reset(key: ByteView("a"))
        limiter.reset(key: ByteView("nobody"))
        #expect(limiter.count == 1)
        #expect(take(limiter, "a") && !take(limiter, "b"))
    }

    /// Eight threads at one key: what they are allowed together is the limit, period after period.
    @Test(arguments: RateAlgorithm.allCases) func isExactAcrossThreads(_ algorithm: RateAlgorithm) {
        let limit = 1500
        let limiter = limiter(algorithm, limit: limit)
        for period in UInt64(0)..<5 {
            let allowed = onThreads(8) { _ in
                (0..<1000).count { _ in take(limiter, "one", period * second) }
            }
            #expect(allowed == limit)
        }
    }

    /// Eight threads at many keys, in an order of their own, while the table grows.
    @Test(arguments: RateAlgorithm.allCases) func isExactForManyKeysAcrossThreads(_ algorithm: RateAlgorithm) {
        let limiter = limiter(algorithm, limit: 5)
        let keys = 1000
        let allowed = onThreads(8) { thread in
            var random = SeededRandom(seed: UInt64(thread))
            return (0..<2).reduce(0) { sum, _ in
                sum + (0..<keys).shuffled(using: &random).count { take(limiter, "key \($0)") }
            }
        }
        #expect(allowed == keys * 5)
        #expect(limiter.count == keys && limiter.evictions == 0)
    }

    /// Two windows under threads: no window is charged for what the other refused.
    @Test(arguments: RateAlgorithm.allCases) func windowsAreAtomicAcrossThreads(_ algorithm: RateAlgorithm) {
        let windows = [RateWindow(limit: 300, period: second), RateWindow(limit: 750, period: 1000 * second)]
        let limiter = MemoryLimiter(windows: windows, algorithm: algorithm, capacity: 1000)
        let allowed = (UInt64(0)..<4).map { period in
            onThreads(4) { _ in (0..<200).count { _ in take(limiter, "one", period * second) } }
        }
        #expect(algorithm == .gcra ? allowed.prefix(2) == [300, 300] : allowed == [300, 300, 150, 0])
        // The second window of `gcra` has gained a unit for each 1.33 s.
        #expect(algorithm != .gcra || allowed.reduce(0, +) == 752)
    }

    private func limiter(_ algorithm: RateAlgorithm, limit: Int) -> MemoryLimiter {
        MemoryLimiter(windows: [RateWindow(limit: limit, period: second)], algorithm: algorithm, capacity: 5000)
    }
}

/// One unit, `time` after a midnight.
private func take(_ limiter: MemoryLimiter, _ key: String, _ time: Nanoseconds = 0) -> Bool {
    key.withView { limiter.take(key: $0, cost: 1, now: at(time), wall: at(time).nanoseconds).allowed }
}

private func at(_ time: Nanoseconds) -> Instant { Instant(nanoseconds: 1_728_000_000_000_000_000 + time) }
