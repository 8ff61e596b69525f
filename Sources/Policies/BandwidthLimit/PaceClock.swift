import Reactor

/// A rate of bytes as a line of moments: whoever wants to pass some takes the next that is free, and with it as much time as they need
/// (virtual scheduling, ITU-T I.371 annex A). In any time `t` no more than `rate * (t + credit + slack)` bytes and a slice pass.
struct PaceClock: Sendable, Equatable {
    /// Bytes per second.
    let rate: Int
    /// Time that was not used and may be caught up with: timers fire up to two ticks late, and a turn of a busy loop takes its time.
    let credit: Nanoseconds
    private var next: Instant

    static let leastCredit = Nanoseconds.milliseconds(100)
    /// Slices go by so much before their moment: what is short, and within the rate, is not to wait for the tick of a timer.
    static let slack = Nanoseconds.milliseconds(20)
    /// More than this is not handed over at once.
    private static let slices = 256...32 << 10

    /// - Parameter burst: bytes that may pass at once, at the beginning and after a pause.
    init(rate: Int, burst: Int, now: Instant) {
        self.rate = max(1, rate)
        let atOnce = PaceClock.length(burst, at: self.rate)
        credit = max(PaceClock.leastCredit, atOnce)
        next = PaceClock.earlier(now, by: atOnce)
    }

    /// What passes in a twentieth of a second, so that one slice is hardly seen as such.
    var slice: Int { min(max(rate / 20, PaceClock.slices.lowerBound), PaceClock.slices.upperBound) }

    /// When the next `count` bytes may pass; they take the time that follows.
    mutating func reserve(_ count: Int, now: Instant) -> Instant {
        let start = max(next, PaceClock.earlier(now, by: credit))
        next = start + PaceClock.length(count, at: rate)
        return PaceClock.earlier(start, by: PaceClock.slack)
    }

    /// Nobody waits, and nothing that has passed says anything about who comes next.
    func isIdle(_ now: Instant) -> Bool { next + credit <= now }

    private static func earlier(_ now: Instant, by length: Nanoseconds) -> Instant {
        Instant(nanoseconds: now.nanoseconds > length ? now.nanoseconds - length : 0)
    }

    /// The time that so many bytes take.
    private static func length(_ count: Int, at rate: Int) -> Nanoseconds {
        let product = UInt64(max(0, count)).multipliedFullWidth(by: 1_000_000_000)
        let rate = UInt64(rate)
        return product.high < rate ? rate.dividingFullWidth(product).quotient : .max
    }
}
