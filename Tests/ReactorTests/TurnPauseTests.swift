import Reactor
import Testing

@Suite("Pauses between turns")
struct TurnPauseTests {
    /// Streams that end one after the other, `gap` apart, each having taken `duration`; the pause that follows the last.
    private func pause(after count: Int, duration: Nanoseconds, gap: Nanoseconds, later: Nanoseconds = 0, isOn: Bool = true) -> Nanoseconds {
        var pause = TurnPause()
        pause.isOn = isOn
        var now = Instant(nanoseconds: 1_000_000_000)
        for _ in 0..<count {
            now = now + gap
            pause.streamEnded(after: duration, now: now)
        }
        return pause.length(now: now + later)
    }

    @Test("there is none before anything has ended")
    func beginning() { #expect(TurnPause().length(now: Instant(nanoseconds: 5)) == 0) }

    @Test("many streams at a time are worth one, of a sixteenth of what they take, and never more than the longest")
    func busy() {
        let short = pause(after: 2000, duration: 1_600_000, gap: 10_000)
        #expect((98_000...100_000).contains(short), "\(short)")
        #expect(pause(after: 2000, duration: 50_000_000, gap: 30_000) == TurnPause.longest)
    }

    @Test("few streams are not kept waiting")
    func quiet() {
        #expect(pause(after: 2000, duration: 5_000_000, gap: 150_000) == 0)
        #expect(pause(after: 200, duration: 5_000_000, gap: 5_000_000) == 0)
    }

    @Test("quick streams are not made slow")
    func quick() { #expect(pause(after: 2000, duration: 200_000, gap: 1_000) == 0) }

    @Test("streams that last do not count, however many there are: nothing ends")
    func lasting() {
        #expect(pause(after: 2000, duration: 5_000_000, gap: 20_000) > 0)
        #expect(pause(after: 2000, duration: 5_000_000, gap: 20_000, later: 4 * TurnPause.longest) == 0)
    }

    @Test("it can be turned off")
    func off() { #expect(pause(after: 2000, duration: 5_000_000, gap: 20_000, isOn: false) == 0) }

    @Test("nothing overflows")
    func extremes() { #expect(pause(after: 200, duration: .max, gap: .max / 400) == 0) }
}
