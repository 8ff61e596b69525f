import GatewayCore
import Reactor
import Testing

@testable import Upstreams

@Suite struct AdaptiveLimitTests {
    /// A service that works on `width` requests at a time, each for `work`; more wait in it. The gateway keeps the limit full.
    private func run(_ limit: inout AdaptiveLimit, width: Int, work: Nanoseconds, seconds: UInt64, from start: UInt64) -> [Int] {
        var seen: [Int] = []
        for tick in 0..<seconds * 20 {
            let now = Instant(nanoseconds: (start * 20 + tick) * 50_000_000)
            let inFlight = limit.limit
            let latency = work * UInt64(max(1, (inFlight + width - 1) / width))
            for _ in 0..<10 { limit.note(latency, inFlight: inFlight, dropped: false, now) }
            seen.append(limit.limit)
        }
        return seen
    }

    @Test func growsWhileAnswersAreAsQuickAsUsual() {
        var settings = AdaptiveSettings()
        settings.maximum = 200
        var limit = AdaptiveLimit(settings)
        #expect(limit.limit == 20)
        let seen = run(&limit, width: 1000, work: .milliseconds(10), seconds: 60, from: 0)
        #expect(seen.last == 200)
    }

    @Test func fallsWhenTheServiceSlowsDown() {
        var limit = AdaptiveLimit(AdaptiveSettings())
        _ = run(&limit, width: 1000, work: .milliseconds(10), seconds: 20, from: 0)
        let before = limit.limit
        let after = run(&limit, width: 1000, work: .milliseconds(60), seconds: 3, from: 20)
        #expect((after.min() ?? 0) < before / 2, "\(before) \(after)")
    }

    @Test func aLimitThatIsNotReachedStays() {
        var limit = AdaptiveLimit(AdaptiveSettings())
        for tick in 0..<UInt64(1000) { limit.note(.milliseconds(10), inFlight: 2, dropped: false, Instant(nanoseconds: tick * 50_000_000)) }
        #expect(limit.limit == 20)
    }

    @Test func failuresOfOverloadLowerItAtOnce() {
        var settings = AdaptiveSettings()
        settings.minimum = 5
        var limit = AdaptiveLimit(settings)
        for tick in 0..<UInt64(400) { limit.note(.milliseconds(10), inFlight: 20, dropped: tick % 10 == 0, Instant(nanoseconds: tick * 50_000_000)) }
        #expect(limit.limit == 5)
    }
}
