import Primitives
import Reactor
import Synchronization
import Testing

@testable import SharedState

/// The programs on a server decide as memory does: random dialogues, with time passed in.
@Suite(.enabled(if: TestRedis.program != nil, "no redis-server")) struct ScriptTests {
    /// Microseconds since 1970.
    private final class Clock: Sendable {
        private let time = Mutex(1_728_000_000_000_000)
        var now: Int { time.withLock { $0 } }
        func move(by step: Int) { time.withLock { $0 += step } }
    }

    @Test(arguments: RateAlgorithm.allCases) func decidesAsMemoryDoes(_ algorithm: RateAlgorithm) async throws {
        let clock = Clock()
        let rig = try StoreRig(.redis) { clock.now }
        defer { rig.stop() }
        let store = rig.store
        try await rig.on { loop in
            for seed in UInt64(1)...12 {
                var random = SeededRandom(seed: seed)
                let windows = (0..<Int.random(in: 1...3, using: &random)).map { index in
                    RateWindow(
                        limit: .random(in: 1...80, using: &random),
                        period: .milliseconds(100_000 * (index + 1) + .random(in: 0...50_000, using: &random)),
                        burst: Bool.random(using: &random) ? nil : .random(in: 1...40, using: &random))
                }
                let specification = LimiterSpecification(name: "s\(seed)", windows: windows, algorithm: algorithm, capacity: 100)
                let limiter = store.limiter(specification)
                let memory = MemoryLimiter(specification)
                for step in 0..<120 {
                    clock.move(by: tick(&random, algorithm))
                    let now = UInt64(clock.now) * 1000
                    if Int.random(in: 0..<12, using: &random) == 0 {
                        let cost = Int.random(in: -3...5, using: &random)
                        "k".withView { limiter.settle($0, cost: cost, on: loop) }
                        "k".withView { memory.settle(key: $0, cost: cost, now: Instant(nanoseconds: now), wall: now) }
                        continue
                    }
                    let cost = Int.random(in: 0...9, using: &random) == 0 ? Int.random(in: 0...40, using: &random) : 1
                    let decided = try await limiter.take(Array("k".utf8), cost: cost, on: loop).get()
                    let expected = rounded("k".withView { memory.take(key: $0, cost: cost, now: Instant(nanoseconds: now), wall: now) })
                    #expect(decided == expected, "seed \(seed), step \(step), cost \(cost), \(windows)")
                }
            }
        }
    }

    /// Mostly forward; back, too, where memory lets the clock stand still as the program does.
    private func tick(_ random: inout SeededRandom, _ algorithm: RateAlgorithm) -> Int {
        switch Int.random(in: 0..<100, using: &random) {
        case 0: .random(in: 0...300_000_000, using: &random)
        case 1 where algorithm != .gcra: -Int.random(in: 0...30_000_000, using: &random)
        case 2..<40: 0
        default: .random(in: 0...4_000_000, using: &random)
        }
    }

    private func rounded(_ decision: RateDecision) -> RateDecision {
        var decision = decision
        decision.reset = (decision.reset + 999) / 1000 * 1000
        if decision.retryAfter != RateDecision.never { decision.retryAfter = (decision.retryAfter + 999) / 1000 * 1000 }
        return decision
    }
}
