import Reactor
import Testing

@testable import HTTPEngine

@Suite struct FloodLimitsTests {
    private static let start = Instant(nanoseconds: 1_000_000_000)

    @Test func aBudgetRefills() {
        var budget = FrameBudget(burst: 3, perSecond: 2, now: FloodLimitsTests.start)
        var answers: [Bool] = []
        for milliseconds in [0, 0, 0, 0, 499, 500, 500, 3_600_000] {
            answers.append(budget.spend(now: FloodLimitsTests.start + .milliseconds(milliseconds)))
        }
        #expect(answers == [true, true, true, false, false, true, false, true])
    }

    @Test(arguments: [
        (type: UInt8(3), most: 200, flood: FloodLimits.Flood.rapidReset), (4, 32, .settings), (6, 64, .ping), (2, 400, .priority),
        (0, 64, .emptyFrames), (8, 20_000, .windowUpdate),
    ])
    func framesThatCostNothing(type: UInt8, most: Int, flood: FloodLimits.Flood) {
        var limits = FloodLimits(now: FloodLimitsTests.start)
        let frame = FloodLimits.Frame(type: type, flags: 0, length: 0)
        let answers = (0...most).map { _ in limits.received(frame, now: FloodLimitsTests.start) }
        #expect(answers.firstIndex(of: flood) == most && answers.compactMap(\.self) == [flood])
    }

    @Test func whatIsAnswerOrWorkIsNoFlood() {
        var limits = FloodLimits(now: FloodLimitsTests.start)
        let ping = FloodLimits.Frame(type: 6, flags: 1, length: 8), settings = FloodLimits.Frame(type: 4, flags: 1, length: 0)
        let end = FloodLimits.Frame(type: 0, flags: 1, length: 0), bytes = FloodLimits.Frame(type: 0, flags: 0, length: 1)
        let request = FloodLimits.Frame(type: 1, flags: 5, length: 9)
        let answers = (0..<1000).flatMap { _ in
            [ping, settings, end, bytes, request].map { limits.received($0, now: FloodLimitsTests.start) }
        }
        #expect(answers.allSatisfy { $0 == nil })
    }
}
