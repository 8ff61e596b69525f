import Primitives
import Reactor
import Testing

@testable import Policies

@Suite struct PaceClockTests {
    private let start = Instant(nanoseconds: 10_000_000_000)

    /// So much after the start, less what slices go before their moments.
    private func moment(_ milliseconds: Int) -> Instant {
        Instant(nanoseconds: start.nanoseconds + UInt64(milliseconds) * 1_000_000 - PaceClock.slack)
    }

    @Test func slicesFollowEachOther() {
        var clock = PaceClock(rate: 1000, burst: 0, now: start)
        #expect(clock.reserve(100, now: start) == moment(0))
        #expect(clock.reserve(50, now: start) == moment(100))
        #expect(clock.reserve(1, now: start) == moment(150))
    }

    @Test func aBurstGoesAtOnce() {
        var clock = PaceClock(rate: 1000, burst: 500, now: start)
        for _ in 0..<6 { #expect(clock.reserve(100, now: start) <= start) }
        #expect(clock.reserve(100, now: start) == moment(100))
        // After a pause it is there again, and no more than it.
        let later = start + .seconds(100)
        for _ in 0..<6 { #expect(clock.reserve(100, now: later) <= later) }
        #expect(clock.reserve(100, now: later) == moment(100_100))
    }

    /// However late whoever asks comes, up to the credit, the rate is kept.
    @Test(arguments: [1, 100, 1000, 99_999, 1 << 20, 1 << 30, 1 << 40]) func theRateIsKept(_ rate: Int) {
        var clock = PaceClock(rate: rate, burst: 0, now: start)
        var now = start, passed = 0
        let tick = Nanoseconds.milliseconds(17)
        let end = start + .seconds(600)
        while now < end {
            var steps = 0
            while steps < 10_000 {
                let count = clock.slice
                let time = clock.reserve(count, now: now)
                passed += count
                steps += 1
                if time > now {
                    now = max(now + tick, Instant(nanoseconds: (time.nanoseconds / tick + 1) * tick))
                    break
                }
            }
            if steps == 10_000 { break }
        }
        let seconds = Double(now - start) / 1e9
        // What was reserved last has not passed yet.
        #expect(Double(passed) <= Double(rate) * seconds + Double(2 * clock.slice) + Double(rate) * 0.12)
        if rate <= 1 << 20 { #expect(Double(passed) >= Double(rate) * seconds * 0.999) }
    }

    @Test func extremesDoNotOverflow() {
        var clock = PaceClock(rate: 1, burst: .max, now: start)
        #expect(clock.reserve(.max, now: start) <= start)
        #expect(clock.reserve(.max, now: .never) <= .never)
        var none = PaceClock(rate: 0, burst: -1, now: start)
        #expect(none.reserve(-5, now: start) == moment(0))
        #expect(none.rate == 1)
    }

    @Test func idlePacesAreForgotten() {
        var clock = PaceClock(rate: 1000, burst: 0, now: start)
        _ = clock.reserve(1000, now: start)
        #expect(!clock.isIdle(start + .seconds(1)))
        #expect(clock.isIdle(start + .milliseconds(1100)))
    }

    @Test func keysAreRememberedWhileTheyMatter() {
        let table = PaceTable(rate: 1000, burst: 0), waits = PaceWaits()
        var held: [PaceShare] = []
        for key in 0..<1000 {
            "\(key)".withView { key in
                let share = table.share(of: key, waits, now: start)
                _ = share.reserve(1, now: start)
                if held.count < 10 { held.append(share) }
            }
        }
        #expect(table.count == 1000)
        // New keys come when all others have long been idle: those in use stay.
        for key in 0..<2000 { "late \(key)".withView { _ = table.share(of: $0, waits, now: start + .seconds(10 + key)) } }
        #expect(table.count < 600)
        let later = start + .seconds(5000)
        let again = "3".withView { table.share(of: $0, waits, now: later) }
        _ = held[3].reserve(500, now: later)
        #expect(again.reserve(1, now: later) > later)
        #expect(waits.count == 1)
    }

    @Test func slicesAreShared() {
        let table = PaceTable(rate: 1 << 20, burst: 0), waits = PaceWaits()
        let shares = "k".withView { key in (0..<8).map { _ in table.share(of: key, waits, now: start) } }
        #expect(shares[0].slice == (32 << 10) / 8)
    }
}
