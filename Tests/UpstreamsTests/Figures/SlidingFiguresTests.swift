import GatewayCore
import Reactor
import Testing

@testable import Upstreams

@Suite struct SlidingFiguresTests {
    private func at(_ milliseconds: UInt64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }

    private func sum(_ figures: SlidingFigures, _ now: Instant, generation: UInt64 = 0) -> WindowFigures {
        var sum = WindowFigures()
        figures.add(to: &sum, now, generation: generation)
        return sum
    }

    @Test func everyDurationIsInItsBucket() {
        var random = FastRandom(seed: 3)
        for _ in 0..<20_000 {
            let length = random.next() >> (random.next() % 40 + 26)
            let bucket = LatencyScale.bucket(length)
            #expect(LatencyScale.start(bucket) <= length && length < LatencyScale.start(bucket + 1))
            if bucket >= 32 { #expect(Double(LatencyScale.start(bucket + 1)) / Double(LatencyScale.start(bucket)) <= 17.0 / 16 + 1e-9) }
        }
        #expect(LatencyScale.bucket(.max) == LatencyScale.count - 1 && LatencyScale.bucket(0) == 0)
    }

    @Test func quantilesAreKnownToASixteenth() {
        var figures = WindowFigures()
        for i in 1...10_000 { figures.note(AttemptOutcome(.answered, status: 200, latency: UInt64(i) * 100_000), isFailure: false) }
        for (share, milliseconds) in [(0.5, 500.0), (0.9, 900), (0.95, 950), (0.99, 990)] {
            let value = Double(figures.quantile(share)) / 1e6
            #expect(abs(value - milliseconds) / milliseconds < 1.0 / 16, "\(share): \(value)")
        }
        #expect(WindowFigures().quantile(0.5) == 0)
    }

    @Test func countsLeaveWithTheirSlice() {
        let figures = SlidingFigures(window: .seconds(10))
        for second in 0..<UInt64(10) {
            figures.note(AttemptOutcome(.failed), isFailure: true, at(second * 1000))
            figures.note(AttemptOutcome(.answered, status: 200, latency: .milliseconds(5)), isFailure: false, at(second * 1000 + 500))
        }
        #expect(sum(figures, at(9999)).requests == 20 && sum(figures, at(9999)).failures == 10)
        #expect(sum(figures, at(10_000)).requests == 18, "the first second is out")
        #expect(sum(figures, at(14_000)).requests == 10)
        #expect(sum(figures, at(19_000)).requests == 0)
        figures.note(AttemptOutcome(.timedOut, latency: .seconds(1)), isFailure: true, at(19_000))
        let left = sum(figures, at(19_000))
        #expect(left.requests == 1 && left.timeouts == 1 && left.measured == 1, "a slice that comes again is empty")
    }

    @Test func anotherGenerationIsNobodys() {
        let figures = SlidingFigures(window: .seconds(10))
        figures.note(AttemptOutcome(.failed), isFailure: true, at(1000))
        figures.note(AttemptOutcome(.failed), isFailure: true, at(1000), generation: 1)
        #expect(sum(figures, at(1000)).requests == 0 && sum(figures, at(1000), generation: 1).requests == 1)
    }

    @Test func aResponseThatBreaksOffWasCountedBefore() {
        var figures = WindowFigures()
        figures.note(AttemptOutcome(.answered, status: 200), isFailure: false)
        figures.note(AttemptOutcome(.brokenOff), isFailure: true)
        #expect(figures.requests == 1 && figures.failures == 1 && figures.errorRatio == 1)
    }
}

@Suite struct StatusSetTests {
    @Test func theCodesOfItsRanges() {
        let set: StatusSet = [429...429, 500...599]
        for status in 0...1000 { #expect(set.contains(status) == (status == 429 || (500...599).contains(status)), "\(status)") }
        #expect(!set.isEmpty && StatusSet().isEmpty && !StatusSet().contains(200) && set != [429...429])
        #expect(StatusSet([0...50]).isEmpty && StatusSet([0...100]) == [100...100] && !set.contains(-1) && !set.contains(.max))
    }
}
