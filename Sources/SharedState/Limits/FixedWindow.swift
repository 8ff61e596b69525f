internal import Reactor

/// Counts in windows that begin at multiples of the period since 1970, so that several gateways, and a client that knows the
/// time, agree when one ends. Exactly up to `limit` units are allowed in each window, and so up to twice that in a
/// period that lies across a border.
struct FixedWindow {
    static let words = 2

    private let limit: UInt64
    private let period: UInt64

    init(_ window: RateWindow) {
        limit = UInt64(window.limit)
        period = window.period
    }

    /// `wall` is nanoseconds since 1970.
    func check(_ state: StateWords, cost: UInt64, wall: UInt64) -> WindowVerdict {
        let (window, used) = current(state, wall)
        let free = limit > used ? limit &- used : 0
        let allowed = cost <= free
        let remaining = allowed ? free &- cost : free
        let end = until(window, wall)
        let spent = remaining < limit ? end : 0
        return WindowVerdict(
            allowed: allowed, remaining: remaining, reset: spent,
            retryAfter: allowed ? 0 : cost > limit ? RateDecision.never : end, drained: spent)
    }

    /// Takes a cost that `check` has just allowed.
    func record(_ state: StateWords, cost: UInt64, wall: UInt64) {
        let (window, used) = current(state, wall)
        state[0] = window
        state[1] = used &+ cost
    }

    /// Takes what has been spent, or gives back what has not (a negative cost), whatever is left.
    func charge(_ state: StateWords, cost: Int, wall: UInt64) {
        let (window, used) = current(state, wall)
        let change = min(UInt64(cost.magnitude), UInt64(UInt32.max))
        state[0] = window
        state[1] = cost < 0 ? used &- min(used, change) : min(used &+ change, .max >> 1)
    }

    /// The window that counts now. The time of another loop may be a moment behind: one window back still counts in the newer
    /// one. A clock that was set back further takes the count along, so nobody gains, and nobody waits for longer than a period.
    @inline(__always)
    private func current(_ state: StateWords, _ wall: UInt64) -> (window: UInt64, used: UInt64) {
        let window = wall / period
        if window > state[0] { return (window, 0) }
        return (state[0] &- window <= 1 ? state[0] : window, state[1])
    }

    /// Nanoseconds until `window` ends.
    @inline(__always)
    private func until(_ window: UInt64, _ wall: UInt64) -> Nanoseconds {
        let (end, overflow) = (window &+ 1).multipliedReportingOverflow(by: period)
        return overflow ? max(1, UInt64.max &- wall) : end &- wall
    }
}
