import Primitives
import Reactor
import SharedState
import Testing

@Suite struct DecisionTests {
    /// Midnight of a day in 2024, on the wall and since the machine began.
    private let midnight: UInt64 = 1_728_000_000_000_000_000

    @Test(arguments: DecisionCase.all) func dialogue(_ dialogue: DecisionCase) {
        let limiter = MemoryLimiter(windows: dialogue.windows, algorithm: dialogue.algorithm, capacity: 10)
        for step in dialogue.steps {
            let now = Instant(nanoseconds: midnight + step.time)
            let decision =
                switch step.action {
                case .take: limiter.take(key: ByteView("key"), cost: step.cost, now: now, wall: now.nanoseconds)
                case .peek: limiter.peek(key: ByteView("key"), cost: step.cost, now: now, wall: now.nanoseconds)
                }
            #expect(dialogue.describe(decision) == step.expected, "decisions.txt:\(step.line)")
        }
    }

    @Test func everyDialogueWasRead() {
        #expect(Set(DecisionCase.all.map(\.algorithm)) == Set(RateAlgorithm.allCases))
        #expect(DecisionCase.all.allSatisfy { !$0.steps.isEmpty })
    }

    /// The ends of every range, in all combinations: nothing traps, and nothing is allowed beyond the limit.
    @Test(arguments: RateAlgorithm.allCases) func extremes(_ algorithm: RateAlgorithm) {
        let times: [UInt64] = [0, 1, 1 << 32, .max >> 1, .max - 1, .max]
        for limit in [Int.min, -1, 0, 1, 33, Int(UInt32.max), .max] {
            for period in times {
                for burst in [nil, 0, 1, Int.max] {
                    let window = RateWindow(limit: limit, period: period, burst: burst)
                    #expect(RateWindow.limits.contains(window.limit) && RateWindow.limits.contains(window.burst) && window.period > 0)
                    let limiter = MemoryLimiter(windows: [window, window], algorithm: algorithm, capacity: 2)
                    let most = algorithm == .gcra ? window.burst : window.limit
                    for now in times + times.reversed() {
                        for cost in [Int.min, -1, 0, 1, 2, Int(UInt32.max), .max] {
                            let decision = limiter.take(key: ByteView("key"), cost: cost, now: Instant(nanoseconds: now), wall: now)
                            #expect(!decision.allowed || cost <= most)
                            #expect((0...most).contains(decision.remaining))
                            #expect(decision.allowed == (decision.refusing == 0) && decision.allowed == (decision.retryAfter == 0))
                        }
                    }
                }
            }
        }
    }

    @Test func withoutWindowsEverythingIsAllowed() {
        let limiter = MemoryLimiter(windows: [], algorithm: .gcra, capacity: 2)
        #expect(limiter.take(key: ByteView("key"), cost: .max, now: Instant(nanoseconds: 0), wall: 0).allowed)
        #expect(limiter.count == 0)
    }
}
