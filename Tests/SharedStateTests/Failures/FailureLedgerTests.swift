import Primitives
import Reactor
import Testing

@testable import SharedState

@Suite struct FailureLedgerTests {
    private func ledger(
        attempts: Int = 3, ban: Nanoseconds = .seconds(10), longest: Nanoseconds = .seconds(35), capacity: Int = 1000
    ) -> FailureLedger {
        FailureLedger(FailureRules(attempts: attempts, window: .seconds(60), ban: ban, longestBan: longest), capacity: capacity)
    }

    private func at(_ seconds: UInt64) -> Instant { Instant(nanoseconds: 1_000_000_000_000 + seconds * 1_000_000_000) }

    private func fail(_ ledger: FailureLedger, _ key: String, _ seconds: UInt64) -> FailureOutcome {
        key.withView { ledger.fail($0, now: at(seconds)) }
    }

    private func banned(_ ledger: FailureLedger, _ key: String, _ seconds: UInt64) -> UInt64 {
        key.withView { ledger.banned($0, now: at(seconds)) } / 1_000_000_000
    }

    @Test func theLastAttemptBegins() {
        let ledger = ledger()
        #expect(fail(ledger, "a", 0) == FailureOutcome(count: 1, banned: 0, isNewBan: false))
        #expect(fail(ledger, "a", 1) == FailureOutcome(count: 2, banned: 0, isNewBan: false))
        #expect(banned(ledger, "a", 1) == 0)
        #expect(fail(ledger, "a", 2) == FailureOutcome(count: 3, banned: .seconds(10), isNewBan: true))
        #expect(banned(ledger, "a", 2) == 10)
        #expect(banned(ledger, "a", 11) == 1)
        #expect(banned(ledger, "a", 12) == 0)
        #expect(banned(ledger, "b", 2) == 0)
        #expect(ledger.failures == 3 && ledger.bans == 1)
        #expect(ledger.bannedCount(now: at(5)) == 1 && ledger.bannedCount(now: at(12)) == 0)
    }

    @Test func failuresLeaveTheWindow() {
        let ledger = ledger()
        _ = fail(ledger, "a", 0)
        _ = fail(ledger, "a", 1)
        #expect(fail(ledger, "a", 60).count == 2)
        #expect(fail(ledger, "a", 61).count == 2)
        #expect(fail(ledger, "a", 62).isNewBan)
    }

    @Test func bansInARowAreTwiceAsLongUpToTheLongest() {
        let ledger = ledger()
        var now: UInt64 = 0
        var lengths: [UInt64] = []
        for _ in 0..<5 {
            for i in 0..<3 { _ = fail(ledger, "a", now + UInt64(i)) }
            lengths.append(banned(ledger, "a", now + 2))
            now += 2 + lengths[lengths.count - 1]
        }
        #expect(lengths == [10, 20, 35, 35, 35])
    }

    @Test func whoStaysAwayLongEnoughBeginsAnew() {
        let ledger = ledger()
        for i in 0..<3 { _ = fail(ledger, "a", UInt64(i)) }
        // The ban ends at 12; another one within ten seconds and a window after that would be longer.
        for i in 0..<3 { _ = fail(ledger, "a", 78 + UInt64(i)) }
        #expect(banned(ledger, "a", 80) == 20)
        // It ends at 100, and is remembered for 20 seconds and a window.
        for i in 0..<3 { _ = fail(ledger, "a", 180 + UInt64(i)) }
        #expect(banned(ledger, "a", 182) == 10)
    }

    @Test func whatWasUnderWayMakesABanNoLonger() {
        let ledger = ledger()
        for i in 0..<3 { _ = fail(ledger, "a", UInt64(i)) }
        #expect(fail(ledger, "a", 5) == FailureOutcome(count: 3, banned: .seconds(7), isNewBan: false))
        #expect(banned(ledger, "a", 11) == 1)
        #expect(ledger.bans == 1)
    }

    @Test func withoutABanFailuresAreCountedOnly() {
        let ledger = ledger(ban: 0, longest: 0)
        let counts = (0..<5).map { fail(ledger, "a", UInt64($0)).count }
        #expect(counts == [1, 2, 3, 3, 3])
        #expect(banned(ledger, "a", 5) == 0 && ledger.bans == 0)
    }

    @Test func oneAttemptIsEnoughIfItIsSaidSo() {
        let ledger = ledger(attempts: 1)
        #expect(fail(ledger, "a", 0).isNewBan)
        #expect(banned(ledger, "a", 0) == 10)
    }

    @Test func whatIsForgottenIsNotBanned() {
        let ledger = ledger(attempts: 1)
        _ = fail(ledger, "a", 0)
        "a".withView { ledger.forget($0) }
        #expect(banned(ledger, "a", 0) == 0)
    }

    /// A flood of sources that fail once each pushes out others of its kind, and none that is banned.
    @Test func aFloodForgetsNoBanAndTakesNoMoreMemory() {
        let ledger = ledger(attempts: 2, ban: .seconds(1000), longest: .seconds(1000), capacity: 1000)
        for i in 0..<50 { for _ in 0..<2 { _ = fail(ledger, "banned\(i)", 0) } }
        for i in 0..<20_000 { _ = fail(ledger, "flood\(i)", 1) }
        #expect(ledger.count <= 1000)
        #expect((0..<50).allSatisfy { banned(ledger, "banned\($0)", 2) > 0 })
    }

    /// Whatever threads fail at the same time: exactly as many failures as are allowed come before the ban.
    @Test func failuresAreExactAcrossThreads() {
        for round in 0..<20 {
            let ledger = ledger(attempts: 100)
            let now = at(0)
            let before = onThreads(4) { _ in
                (0..<50).count { _ in "r\(round)".withView { ledger.fail($0, now: now) }.banned == 0 }
            }
            #expect(before == 99)
            #expect(ledger.failures == 200 && ledger.bans == 1)
        }
    }
}
