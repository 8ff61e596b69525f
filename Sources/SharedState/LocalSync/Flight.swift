internal import Reactor

/// How much a gateway has spent within the last period, from a total that only grows: the totals at the beginning of the last four
/// quarters, in six words. What is answered covers a period, and up to a quarter more.
struct Flight {
    static let words = 6
    private static let quarters = 4

    private let quarter: UInt64

    init(period: Nanoseconds) { quarter = max(1, period / UInt64(Flight.quarters)) }

    func spent(_ state: StateWords, total: UInt64, now: UInt64) -> UInt64 {
        let passed = passed(state, now)
        guard passed < UInt64(Flight.quarters + 1) else { return 0 }
        // The oldest total that is there still, after as many quarters have passed.
        let index = Flight.quarters - Int(passed)
        return total &- min(total, state[1 + index])
    }

    /// To be called before the total grows.
    func note(_ state: StateWords, total: UInt64, now: UInt64) {
        let passed = Int(min(passed(state, now), UInt64(Flight.quarters + 1)))
        guard passed > 0 else { return }
        for index in stride(from: Flight.quarters, through: 0, by: -1) { state[1 + index] = index >= passed ? state[1 + index - passed] : total }
        state[0] = max(state[0], now / quarter)
    }

    /// Quarters since the total was noted last. A clock of another loop may be a little behind.
    private func passed(_ state: StateWords, _ now: UInt64) -> UInt64 {
        let current = now / quarter
        return current > state[0] ? current &- state[0] : 0
    }
}
