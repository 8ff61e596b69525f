import GatewayCore
import Primitives
import Reactor
import Testing

@testable import Upstreams

@Suite struct HedgeDelayTests {
    private func at(_ milliseconds: UInt64) -> Instant { Instant(nanoseconds: 1_000_000_000_000 + milliseconds * 1_000_000) }

    @Test func aFixedTime() {
        var settings = HedgeSettings()
        settings.after = .fixed(.milliseconds(50))
        var delay = HedgeDelay(settings)
        let value = delay.value(at(0))
        #expect(value == .milliseconds(50))
    }

    @Test func aQuantileOfTheLastHalfMinute() throws {
        var delay = HedgeDelay(HedgeSettings())
        for i in 1...49 { delay.note(.milliseconds(i), at(0)) }
        let tooFew = delay.value(at(0))
        #expect(tooFew == nil, "too few to tell")
        for i in 50...100 { delay.note(.milliseconds(i), at(0)) }
        let early = delay.value(at(499))
        #expect(early == nil, "looked at twice a second")
        let looked = delay.value(at(500))
        let value = Double(try #require(looked)) / 1e6
        #expect(abs(value - 95) < 6, "\(value)")
        let late = delay.value(at(40_000))
        #expect(late == nil, "the last ones are too old")
    }
}

@Suite struct DeadlineRuleTests {
    private func parse(_ text: String) -> UInt64? { text.withView { DeadlineRule.parse($0) } }

    @Test func secondsSince1970() {
        #expect(parse("0") == 0 && parse("1767225600") == 1_767_225_600_000_000_000)
        #expect(parse("1767225600.25") == 1_767_225_600_250_000_000 && parse("1.123456789123") == 1_123_456_789)
        #expect(parse("99999999999") == .max)
        for wrong in ["", ".", "1.", ".5", "-1", "1e3", "1.2.3", "1.x", " 1", "12345678901234567890"] { #expect(parse(wrong) == nil, "\(wrong)") }
    }

    @Test func writtenToTheMillisecond() {
        let buffer = ByteBuffer()
        DeadlineRule.write(1_767_225_600_042_999_999, to: buffer)
        #expect(buffer.view.string == "1767225600.042")
    }
}
