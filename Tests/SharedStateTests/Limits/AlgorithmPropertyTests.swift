import Reactor
import Testing

@testable import SharedState

/// Random dialogues against the reference models, under a clock that stands, steps, jumps, and sometimes goes back.
@Suite struct AlgorithmPropertyTests {
    private static let midnight: UInt64 = 1_728_000_000_000_000_000

    struct Plan: CustomTestStringConvertible {
        let algorithm: RateAlgorithm
        let seed: UInt64
        var testDescription: String { "\(algorithm.rawValue) \(seed)" }
    }

    static let plans = RateAlgorithm.allCases.flatMap { algorithm in (1...20).map { Plan(algorithm: algorithm, seed: $0) } }

    /// One to three windows with small limits: `sliding` then keeps every moment, so each decision is known exactly.
    @Test(arguments: plans) func decidesAsTheLogSays(_ plan: Plan) {
        var random = SeededRandom(seed: plan.seed)
        let windows = (0..<Int.random(in: 1...3, using: &random)).map { _ in
            let limit = Int.random(in: 1...32, using: &random)
            return RateWindow(
                limit: limit, period: .random(in: 1...1000, using: &random),
                burst: Bool.random(using: &random) ? nil : .random(in: 1...40, using: &random))
        }
        let state = KeyState(windows, plan.algorithm)
        var models = windows.map { ReferenceModel($0, plan.algorithm) }
        var clock = Self.midnight, allowed = 0, refused = 0
        for step in 0..<300 {
            clock = tick(clock, windows, &random, goesBack: plan.algorithm != .fixed)
            let cost = Int.random(in: 0...9, using: &random) == 0 ? Int.random(in: 0...40, using: &random) : 1
            let free = models.map { $0.free(now: clock, wall: clock) }
            let refusing = free.indices.filter { free[$0] < cost }
            let decision = state.take(UInt64(cost), now: clock, wall: clock)
            #expect(decision.allowed == refusing.isEmpty, "step \(step): \(decision), \(free) free for \(cost) of \(windows)")
            #expect(free.indices.filter { decision.refusing >> UInt32($0) & 1 != 0 } == refusing)
            if refusing.isEmpty {
                #expect(decision.remaining == free.min().map { $0 - cost })
                if cost > 0 { for index in models.indices { models[index].record(cost, now: clock, wall: clock) } }
                allowed += 1
            } else {
                #expect(refusing.contains(decision.window) && decision.remaining == free[decision.window])
                checkWaits(decision, cost, models, clock)
                refused += 1
            }
        }
        #expect(allowed > 3 && refused > 3, "a dialogue that is all one answer shows nothing")
        for model in models { #expect(plan.algorithm != .sliding || model.mostInOnePeriod <= model.window.limit) }
    }

    /// Large limits: `sliding` groups moments. Never more than the limit in a period; never refused for longer than a 31st late.
    @Test(arguments: UInt64(1)...20) func slidingIsNeverEarlyAndHardlyLate(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let window = RateWindow(limit: .random(in: 33...400, using: &random), period: .random(in: 31...5000, using: &random))
        let state = KeyState([window], .sliding)
        var model = ReferenceModel(window, .sliding)
        var clock = Self.midnight, refused = 0
        for _ in 0..<600 {
            clock = tick(clock, [window], &random, goesBack: true)
            let cost = Int.random(in: 1...max(1, window.limit / 20), using: &random)
            let decision = state.take(UInt64(cost), now: clock, wall: clock)
            if decision.allowed {
                model.record(cost, now: clock, wall: clock)
            } else {
                refused += 1
                #expect(model.free(now: clock, wall: clock, late: window.period / 31 + 1) < cost)
            }
        }
        #expect(refused > 20)
        #expect(model.mostInOnePeriod <= window.limit)
        #expect(model.mostInOnePeriod > window.limit * 9 / 10, "the limit was never reached")
    }

    /// The promise of `gcra`: in every interval of x, its end left out, at most `burst - 1 + ceil(x * limit / period)`.
    @Test(arguments: UInt64(1)...10) func gcraKeepsItsPromiseInEveryInterval(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let window = RateWindow(
            limit: .random(in: 1...50, using: &random), period: .random(in: 1...2000, using: &random), burst: .random(in: 1...20, using: &random))
        let state = KeyState([window], .gcra)
        var taken: [(time: UInt64, units: Int)] = []
        var clock = Self.midnight
        for _ in 0..<400 {
            clock = tick(clock, [window], &random, goesBack: false)
            let cost = Int.random(in: 1...3, using: &random)
            if state.take(UInt64(cost), now: clock, wall: clock).allowed { taken.append((clock, cost)) }
        }
        #expect(taken.count > 10)
        for first in taken.indices {
            var units = 0
            for last in taken[first...] {
                units += last.units
                let length = Int(last.time - taken[first].time + 1), parts = length * window.limit
                #expect(units <= window.burst - 1 + (parts + Int(window.period) - 1) / Int(window.period))
            }
        }
    }

    /// Under demand without end, every period gets exactly the limit, whatever the algorithm (`gcra`: and its burst besides in
    /// the first; with a burst of one, every unit has to be asked for at the nanosecond at which it comes back).
    @Test(arguments: RateAlgorithm.allCases, [1, 7, 32, 100, 250]) func allowsExactlyTheLimitInEveryPeriod(_ algorithm: RateAlgorithm, _ limit: Int) {
        for burst in algorithm == .gcra ? [1000 % limit == 0 ? 1 : 2, limit] : [limit] {
            let window = RateWindow(limit: limit, period: 1000, burst: burst)
            let state = KeyState([window], algorithm)
            for period in UInt64(0)..<10 {
                var allowed = 0
                for time in UInt64(0)..<1000 {
                    let clock = Self.midnight + period * 1000 + time
                    while state.take(1, now: clock, wall: clock).allowed { allowed += 1 }
                }
                #expect(allowed == limit + (algorithm == .gcra && period == 0 ? burst - 1 : 0), "period \(period)")
            }
        }
    }

    private func tick(_ clock: UInt64, _ windows: [RateWindow], _ random: inout SeededRandom, goesBack: Bool) -> UInt64 {
        let period = windows.map(\.period).max() ?? 1
        switch Int.random(in: 0..<100, using: &random) {
        case 0: return clock + .random(in: 0...(3 * period), using: &random)
        case 1 where goesBack: return clock - .random(in: 0...(period / 3), using: &random)
        case 2..<40: return clock
        default: return clock + .random(in: 0...max(1, period / 25), using: &random)
        }
    }

    /// After the wait the same cost is allowed by the window that named it, a nanosecond before it is not.
    private func checkWaits(_ decision: RateDecision, _ cost: Int, _ models: [ReferenceModel], _ clock: UInt64) {
        let model = models[decision.window]
        guard decision.retryAfter != RateDecision.never else {
            return #expect(cost > (model.algorithm == .gcra ? model.window.burst : model.window.limit))
        }
        let clock = model.algorithm == .sliding ? max(clock, model.log.last?.now ?? 0) : clock
        let longest = models.indices.filter { decision.refusing >> UInt32($0) & 1 != 0 }.allSatisfy {
            let free = models[$0].free(now: clock + decision.retryAfter, wall: clock + decision.retryAfter)
            return free >= cost
        }
        #expect(longest, "\(decision) is not the longest wait")
        #expect(model.free(now: clock + decision.retryAfter - 1, wall: clock + decision.retryAfter - 1) < cost)
        #expect(decision.reset <= decision.retryAfter)
        #expect(model.free(now: clock + decision.reset, wall: clock + decision.reset) > decision.remaining || decision.reset == 0)
    }
}
