import Reactor
import Testing

@testable import Certificates

@Suite struct RenewalScheduleTests {
    let settings = RenewalSettings()

    func schedule(_ fraction: Double, window: ClosedRange<Int64>? = nil) -> RenewalSchedule {
        RenewalSchedule(notBefore: 1000, notAfter: 1000 + 90 * 86_400, window: window, fraction: fraction)
    }

    @Test func twoThirdsOfLifeWithJitter() {
        #expect(schedule(0.5).renewal(settings) == 1000 + 60 * 86_400)
        let early = schedule(0).renewal(settings), late = schedule(1).renewal(settings)
        #expect(early < schedule(0.5).renewal(settings) && late > schedule(0.5).renewal(settings))
        #expect(late - early == Int64(90 * 86_400 * 0.05))
        #expect(!schedule(0.5).isDue(settings, now: 999 + 60 * 86_400) && schedule(0.5).isDue(settings, now: 1000 + 60 * 86_400))
    }

    @Test func theAuthoritysWindowCounts() {
        #expect(schedule(0, window: 5000...7000).renewal(settings) == 5000)
        #expect(schedule(0.25, window: 5000...7000).renewal(settings) == 5500)
        #expect(schedule(1, window: 5000...7000).renewal(settings) == 7000)
        // A window that has passed: at once (RFC 9773 §4.2).
        #expect(schedule(0.9, window: 10...20).isDue(settings, now: 1001))
        var own = settings
        own.asksAuthority = false
        #expect(schedule(0.5, window: 5000...7000).renewal(own) == 1000 + 60 * 86_400)
    }

    @Test func neverBeyondLife() {
        var late = settings
        late.share = 0.99
        late.jitter = 0.5
        #expect(schedule(1).renewal(late) == 1000 + 90 * 86_400)
        #expect(schedule(0, window: Int64.min...Int64.max).renewal(settings) == .min)
    }
}

@Suite struct BackoffTests {
    @Test func growsToSixHours() {
        #expect((1...8).map { Backoff.delay(failures: $0, retryAfter: nil, fraction: 0) } == [10, 40, 160, 640, 2560, 10_240, 21_600, 21_600])
        #expect(Backoff.delay(failures: .max, retryAfter: nil, fraction: 1) == 25_920)
        #expect(Backoff.delay(failures: 1, retryAfter: nil, fraction: 1) == 12)
    }

    @Test func doesWhatTheAuthoritySays() {
        #expect(Backoff.delay(failures: 1, retryAfter: 3600, fraction: 0) == 3600)
        #expect(Backoff.delay(failures: 5, retryAfter: 5, fraction: 0) == 2560)
        #expect(Backoff.delay(failures: 1, retryAfter: .max, fraction: 0) == 86_400)
    }
}

@Suite struct CivilTimeTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2026-11-24T11:28:47Z", 1_795_519_727), ("2024-02-29T23:59:59.123456Z", 1_709_251_199),
        ("2000-03-01T00:00:00z", 951_868_800), ("2026-11-24T12:28:47+01:00", 1_795_519_727), ("2026-11-24T05:58:47-05:30", 1_795_519_727),
        ("9999-12-31T23:59:59Z", 253_402_300_799),
    ]) func reads(text: String, seconds: Int64) { #expect(CivilTime.parse(rfc3339: text) == seconds) }

    @Test(arguments: [
        "", "2026-11-24", "2026-11-24T11:28:47", "2026-13-24T11:28:47Z", "2026-11-24T24:28:47Z", "2026-11-24T11:28:47+1:00", "1969-11-24T11:28:47Z",
        "2026-11-24T11:28:47Zx", "2026-11-24T11:28:47.", "2026-11-24T11:28:47+99:00", "2026-11-24 11:28:47ZZ",
    ]) func refuses(text: String) { #expect(CivilTime.parse(rfc3339: text) == nil) }

    @Test func writesWhatItReads() {
        for seconds in stride(from: Int64(0), through: 253_402_300_799, by: 86_400 * 97 + 12_345) {
            #expect(CivilTime.parse(rfc3339: CivilTime.text(seconds)) == seconds)
        }
        #expect(CivilTime.text(.max) == "9999-12-31T23:59:59Z" && CivilTime.text(.min) == "1970-01-01T00:00:00Z")
    }
}

@Suite struct RetryAfterTests {
    @Test func readsNumbersAndDates() {
        #expect(RetryAfter.parse("120", now: 0) == 120)
        #expect(RetryAfter.parse("Tue, 24 Nov 2026 11:28:47 GMT", now: 1_795_519_700) == 27)
        #expect(RetryAfter.parse("Tue, 24 Nov 2026 11:28:47 GMT", now: 1_795_519_800) == 0)
    }

    @Test(arguments: ["", "soon", "-5", "1.5", "99999999999999999999", "Tue, 24 Nov 2026 11:28 GMT", "Tue, 24 Foo 2026 11:28:47 GMT"])
    func refuses(text: String) { #expect(RetryAfter.parse(text, now: 0) == nil) }
}

@Suite struct OnDemandGateTests {
    func settings(_ allow: [String], ask: String? = nil) -> OnDemandSettings {
        var settings = OnDemandSettings(issuer: "a")
        settings.allow = allow
        settings.ask = ask
        settings.limit = 2
        settings.window = .seconds(10)
        return settings
    }

    @Test func patterns() {
        let some = settings(["shop.test", "*.shop.test"])
        for name in ["shop.test", "a.shop.test", "b.a.shop.test"] { #expect(OnDemandGate.allows(name, some), "\(name)") }
        for name in ["test", "xshop.test", ".shop.test", "shop.test.evil.test", "localhost"] { #expect(!OnDemandGate.allows(name, some), "\(name)") }
        #expect(!OnDemandGate.allows("a.test", settings([])), "no rule, no certificate")
        #expect(OnDemandGate.allows("a.test", settings([], ask: "http://127.0.0.1/")))
    }

    @Test func aLimitWithinAWindow() {
        var gate = OnDemandGate(settings(["*.test"]))
        func at(_ seconds: Int) -> Instant { Instant(nanoseconds: .seconds(seconds)) }
        #expect(gate.take(now: at(0)) && gate.take(now: at(5)) && !gate.take(now: at(9)))
        #expect(gate.take(now: at(10)) && !gate.take(now: at(14)) && gate.take(now: at(15)))
    }
}
