import Testing

@testable import Identity

@Suite struct SigningScheduleTests {
    private let schedule = SigningSchedule(rotation: 1000, ahead: 100, keep: 50)
    private func key(_ id: String, _ activates: Int) -> SigningSchedule.Key { SigningSchedule.Key(id: id, activates: activates) }

    @Test func theFirstKeySignsAtOnce() {
        #expect(schedule.plan([], now: 7) == .init(signing: nil, published: [], expired: [], make: 7))
        #expect(schedule.plan([key("a", 7)], now: 7) == .init(signing: "a", published: ["a"], expired: [], make: nil))
    }

    @Test func theNextKeyIsPublishedBeforeItSigns() {
        #expect(schedule.plan([key("a", 0)], now: 899).make == nil)
        #expect(schedule.plan([key("a", 0)], now: 900).make == 1000)
        let keys = [key("a", 0), key("b", 1000)]
        #expect(schedule.plan(keys, now: 901) == .init(signing: "a", published: ["b", "a"], expired: [], make: nil))
        #expect(schedule.plan(keys, now: 999).signing == "a")
        #expect(schedule.plan(keys, now: 1000) == .init(signing: "b", published: ["b", "a"], expired: [], make: nil))
    }

    @Test func theOldKeyStaysUntilItsTokensAreOver() {
        let keys = [key("b", 1000), key("a", 0)]
        #expect(schedule.plan(keys, now: 1049).published == ["b", "a"])
        #expect(schedule.plan(keys, now: 1050) == .init(signing: "b", published: ["b"], expired: ["a"], make: nil))
    }

    @Test func afterALongPauseTheNextKeyIsStillPublishedBefore() {
        #expect(schedule.plan([key("a", 0)], now: 5000) == .init(signing: "a", published: ["a"], expired: [], make: 5100))
        #expect(schedule.plan([key("a", 0), key("b", 5100)], now: 5099).signing == "a")
    }

    @Test func aClockThatWentBackLeavesNobodyWithoutAKey() {
        #expect(schedule.plan([key("a", 1000), key("b", 2000)], now: 10) == .init(signing: "a", published: ["b", "a"], expired: [], make: nil))
    }
}
