import GatewayCore
import Reactor
import Testing

@testable import Upstreams

@Suite struct RetryBudgetTests {
    private func at(_ milliseconds: UInt64) -> Instant { Instant(nanoseconds: 100_000_000_000 + milliseconds * 1_000_000) }

    @Test func aShareOfTheRequests() {
        var budget = RetryBudget(share: 0.2, minimum: 0)
        #expect(budget.take(at(0)) == false, "nothing was asked yet")
        for _ in 0..<4 { budget.request(at(0)) }
        #expect(budget.take(at(0)) == false)
        budget.request(at(0))
        #expect(budget.take(at(0)) && !budget.take(at(0)), "five requests pay for one")
        for _ in 0..<1000 { budget.request(at(500)) }
        #expect(budget.left(at(500)) == 200)
        for _ in 0..<200 { #expect(budget.take(at(600)) == true) }
        #expect(budget.take(at(600)) == false)
    }

    @Test func whatIsOlderThanTenSecondsIsForgotten() {
        var budget = RetryBudget(share: 0.5, minimum: 0)
        for _ in 0..<10 { budget.request(at(0)) }
        #expect(budget.left(at(9999)) == 5)
        #expect(budget.left(at(10_000)) == 0)
        for _ in 0..<5 { #expect(budget.take(at(9000)) == true) }
        // What was paid for expires, and so does what was taken: it does not count twice.
        for _ in 0..<4 { budget.request(at(15_000)) }
        #expect(budget.left(at(15_000)) == 0, "the five that were taken are still held against it")
        #expect(budget.left(at(19_000)) == 2)
        #expect(budget.left(at(1_000_000)) == 0)
    }

    @Test func theMinimumIsThereWithoutRequests() {
        var budget = RetryBudget(share: 0, minimum: 0.5)
        for _ in 0..<5 { #expect(budget.take(at(0)) == true) }
        #expect(budget.take(at(9000)) == false)
        #expect(budget.take(at(10_000)) == true)
    }

    /// However requests and retries follow each other, in ten seconds retries are no more than what was allowed.
    @Test func neverMoreThanAllowed() {
        var random = FastRandom(seed: 7)
        var budget = RetryBudget(share: 0.1, minimum: 1)
        var requests: [UInt64] = [], retries: [UInt64] = []
        for second in 0..<UInt64(200) {
            for _ in 0..<Int(random.next() % 100) {
                budget.request(at(second * 1000))
                requests.append(second)
                if random.next() % 3 == 0, budget.take(at(second * 1000)) { retries.append(second) }
            }
            let window = second < 9 ? 0...second : (second - 9)...second
            let asked = requests.count { window.contains($0) }
            // What is taken in this window may have been paid for at its beginning, by requests that have left it since.
            let before = requests.count { $0 + 19 > second } - asked
            #expect(Double(retries.count { window.contains($0) }) <= 0.1 * Double(asked + before) + 10)
        }
        #expect(retries.count > 100)
    }
}

@Suite struct RetryBackoffTests {
    @Test func theBoundDoublesUpToTheMost() {
        let backoff = RetryBackoff(base: .milliseconds(25), most: .milliseconds(250))
        #expect((1...6).map { backoff.bound($0) / 1_000_000 } == [25, 50, 100, 200, 250, 250])
        #expect(backoff.bound(1000) == .milliseconds(250) && backoff.bound(0) == .milliseconds(25))
        #expect(RetryBackoff(base: 1 << 60, most: .max).bound(30) == .max)
    }

    @Test func anythingUpToTheBound() {
        let backoff = RetryBackoff(base: .milliseconds(100), most: .seconds(1))
        var random = FastRandom(seed: 1)
        let waits = (0..<10_000).map { _ in Double(backoff.wait(1, &random)) / 1e6 }
        #expect(waits.allSatisfy { $0 <= 100 })
        let mean = waits.reduce(0, +) / Double(waits.count)
        #expect(abs(mean - 50) < 2, "\(mean)")
        #expect(waits.count { $0 < 10 } > 800, "a full jitter begins at nothing")
    }

    @Test func withoutABaseNobodyWaits() {
        var random = FastRandom(seed: 1)
        #expect(RetryBackoff(base: 0, most: .seconds(1)).wait(5, &random) == 0)
    }
}
