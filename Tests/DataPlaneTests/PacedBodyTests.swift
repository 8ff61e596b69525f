import GatewayCore
import Primitives
import Reactor
import ReactorTesting
import Testing

@testable import DataPlane

@Suite struct PacedBodyTests {
    /// Gives each slice the moment that comes next, `step` behind the last.
    private final class Steps: BodyPace {
        let slice: Int
        let step: Nanoseconds
        var next: Instant
        var reserved: [Int] = []

        init(slice: Int, step: Nanoseconds, from next: Instant) {
            self.slice = slice
            self.step = step
            self.next = next
        }

        func reserve(_ count: Int, now: Instant) -> Instant {
            defer { next = next + step }
            reserved.append(count)
            return next
        }
    }

    private let start = Instant(nanoseconds: 1_000_000)

    @Test func withoutPacesEverythingPasses() {
        var body = PacedBody([])
        #expect(body.grant(.max, now: start) == .max)
    }

    @Test func slicesPassAtTheirMoments() {
        let steps = Steps(slice: 10, step: 100, from: start)
        var body = PacedBody([steps])
        #expect(body.grant(25, now: start) == 10)
        #expect(body.until == start + 100)
        // What has been reserved is not asked for again.
        #expect(body.grant(15, now: start + 99) == 0)
        #expect(steps.reserved == [10, 10])
        #expect(body.grant(15, now: start + 100) == 10)
        // Late: what has become due meanwhile passes together.
        #expect(body.grant(5, now: start + 1000) == 5)
        #expect(steps.reserved == [10, 10, 5])
    }

    @Test func theLatestOfSeveralPacesCounts() {
        let quick = Steps(slice: 100, step: 10, from: start), slow = Steps(slice: 7, step: 50, from: start)
        var body = PacedBody([quick, slow])
        #expect(body.grant(20, now: start) == 7)
        #expect(body.until == start + 50)
        #expect(quick.reserved == slow.reserved)
        #expect(body.grant(13, now: start + 50) == 7)
    }

    @Test func whatIsHeldComesInOrder() {
        let loop = MemoryNetwork().loop
        var body = PacedBody([])
        #expect(!body.isHolding)
        "hello ".withView { body.hold($0, loop) }
        "world".withView { body.hold($0, loop) }
        #expect(body.held?.view.string == "hello world")
        body.drop(6, loop)
        #expect(body.held?.view.string == "world")
        body.drop(5, loop)
        #expect(!body.isHolding)
        body.hold(ByteView(), loop)
        #expect(!body.isHolding)
    }

    /// Whoever brought the trailers fills them with others.
    @Test func trailersAreKept() {
        let trailers = HeaderFields()
        trailers.append("x-sum", "1")
        var body = PacedBody([])
        body.end(trailers)
        trailers.clear()
        #expect(body.trailers?.first(ByteView("x-sum"))?.string == "1")
        #expect(body.hasEnded)
    }
}
