import Reactor
import Testing

@testable import Policies

@Suite struct BruteForceTests {
    @Test(arguments: [
        (0, 0), (1, 0), (2, 250), (3, 500), (4, 1000), (5, 2000), (6, 4000), (7, 4000), (60, 4000), (Int.max, 4000),
    ])
    func answersWaitTwiceAsLongEachTime(_ count: Int, _ milliseconds: Int) {
        let delay = FailureDelay(first: .milliseconds(250), longest: .seconds(4), waiting: 1)
        let expected: Nanoseconds = .milliseconds(milliseconds)
        #expect(delay.length(count) == expected)
    }

    @Test func noWaitIsNoWait() {
        let delay = FailureDelay(first: 0, longest: .seconds(4), waiting: 1)
        #expect((0..<50).allSatisfy { delay.length($0) == 0 })
    }

    @Test func noCountOverflows() {
        let delay = FailureDelay(first: .max, longest: .max, waiting: 1)
        #expect((2..<70).allSatisfy { delay.length($0) == .max })
    }
}
