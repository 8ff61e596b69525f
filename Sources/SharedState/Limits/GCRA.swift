internal import Reactor

/// The generic cell rate algorithm (ITU-T I.371, annex A: virtual scheduling), in exact arithmetic.
///
/// Every unit takes `period / limit` of a line that is `burst` units long and empties steadily. The state is the time at which
/// it will be empty (theoretical arrival time), counted in `1 / limit` nanoseconds: so a period that the limit does not
/// divide loses nothing. In every interval of `x` nanoseconds, its end left out, at most `burst - 1 + ceil(x * limit / period)`
/// units are allowed.
struct GCRA {
    static let words = 2

    private let limit: UInt64
    private let period: UInt64
    private let burst: UInt64
    /// The whole line. Below 2^96, as every other product here: none overflows.
    private let span: UInt128

    init(_ window: RateWindow) {
        limit = UInt64(max(1, window.limit))
        period = window.period
        burst = UInt64(window.burst)
        span = UInt128(burst) &* UInt128(period)
    }

    func check(_ state: StateWords, cost: UInt64, now: UInt64) -> WindowVerdict {
        let backlog = backlog(state, now)
        let charged = backlog &+ UInt128(cost) &* UInt128(period)
        let allowed = charged <= span || cost == 0
        let level = allowed ? charged : backlog
        let remaining = level < span ? GCRA.divide(span &- level, by: period) : 0
        let withNextUnit = level &+ UInt128(remaining &+ 1) &* UInt128(period)
        return WindowVerdict(
            allowed: allowed, remaining: remaining, reset: level == 0 ? 0 : wait(withNextUnit &- span),
            retryAfter: allowed ? 0 : cost > burst ? RateDecision.never : wait(charged &- span), drained: wait(level))
    }

    /// Takes a cost that `check` has just allowed.
    func record(_ state: StateWords, cost: UInt64, now: UInt64) {
        set(state, backlog(state, now) &+ UInt128(cost) &* UInt128(period), now)
    }

    /// Takes what has been spent, or gives back what has not (a negative cost), whatever the line holds: what is owed empties as time
    /// goes by, before anything else is allowed.
    ///
    /// - Parameter fills: at most as much is taken as the line still holds.
    func charge(_ state: StateWords, cost: Int, now: UInt64, fills: Bool) {
        let line = backlog(state, now)
        let change = UInt128(min(cost.magnitude, UInt(UInt32.max))) &* UInt128(period)
        let most = fills ? max(line, span) : max(line, UInt128(UInt32.max) &* UInt128(period))
        let level = cost < 0 ? line &- min(line, change) : min(line &+ change, most)
        set(state, level, now)
    }

    /// Takes over what a key had spent under another limit, of the same period: as many units of the line as there were.
    func adopt(_ state: StateWords, from other: GCRA, _ old: StateWords, now: UInt64) { set(state, other.backlog(old, now), now) }

    @inline(__always)
    private func set(_ state: StateWords, _ level: UInt128, _ now: UInt64) {
        let empty = UInt128(now) &* UInt128(limit) &+ level
        state[0] = UInt64(truncatingIfNeeded: empty)
        state[1] = UInt64(truncatingIfNeeded: empty >> 64)
    }

    /// What is in the line at `now`: more than it holds if the clock has gone back, since the line then waits for the clock.
    @inline(__always)
    private func backlog(_ state: StateWords, _ now: UInt64) -> UInt128 {
        let empty = UInt128(state[1]) << 64 | UInt128(state[0])
        let now = UInt128(now) &* UInt128(limit)
        return empty > now ? empty &- now : 0
    }

    /// Nanoseconds until `units` of the line have emptied, rounded up.
    @inline(__always)
    private func wait(_ units: UInt128) -> Nanoseconds { GCRA.divide(units &+ UInt128(limit &- 1), by: limit) }

    /// A quotient, `UInt64.max` if it is greater. Divides 64 bits where they are enough: several times faster.
    @inline(__always)
    private static func divide(_ value: UInt128, by divisor: UInt64) -> UInt64 {
        if value >> 64 == 0 { return UInt64(truncatingIfNeeded: value) / divisor }
        let quotient = value / UInt128(divisor)
        return quotient >> 64 == 0 ? UInt64(truncatingIfNeeded: quotient) : .max
    }
}
