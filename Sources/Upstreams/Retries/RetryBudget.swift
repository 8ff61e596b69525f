package import Reactor

/// How many retries there may be: a share of the requests of the last ten seconds, and a few a second whatever their number.
/// When everything fails, retries add so much to the load and no more (as in Finagle's `RetryBudget`).
///
/// Of one event loop. The share of the whole is kept when each loop keeps its own; the minimum is divided by the loops.
package struct RetryBudget: Sendable {
    /// What a request deposits and a retry takes, in thousandths of a retry.
    private let deposit: Int
    private let reserve: Int
    private static let retry = 1000
    private static let slices = 10
    /// What each second of the last ten has brought, less what was taken in it.
    private var balance = InlineArray<10, Int>(repeating: 0)
    private var sum = 0
    /// The second that was last touched.
    private var second: UInt64 = 0

    /// - Parameters:
    ///   - share: retries for each request.
    ///   - minimum: retries a second that are always allowed; those of ten seconds may come at once.
    package init(share: Double, minimum: Double) {
        deposit = Int((min(max(share, 0), 10) * Double(RetryBudget.retry)).rounded())
        reserve = Int((min(max(minimum, 0), 1e9) * Double(RetryBudget.slices * RetryBudget.retry)).rounded())
    }

    /// Whether it allows the same.
    package func isLike(_ other: RetryBudget?) -> Bool { deposit == other?.deposit && reserve == other?.reserve }

    /// A request, not counting its retries.
    package mutating func request(_ now: Instant) {
        turn(now)
        balance[Int(second % UInt64(RetryBudget.slices))] += deposit
        sum += deposit
    }

    /// Takes one retry; false when there is none left.
    package mutating func take(_ now: Instant) -> Bool {
        turn(now)
        guard sum + reserve >= RetryBudget.retry else { return false }
        balance[Int(second % UInt64(RetryBudget.slices))] -= RetryBudget.retry
        sum -= RetryBudget.retry
        return true
    }

    /// What could be taken now.
    package func left(_ now: Instant) -> Int {
        var copy = self
        copy.turn(now)
        return max(0, (copy.sum + reserve) / RetryBudget.retry)
    }

    /// Forgets what is older than ten seconds.
    private mutating func turn(_ now: Instant) {
        let current = now.nanoseconds / 1_000_000_000
        guard current > second else { return }
        let passed = min(current - second, UInt64(RetryBudget.slices))
        for step in 1...passed {
            let slice = Int((current - passed + step) % UInt64(RetryBudget.slices))
            sum -= balance[slice]
            balance[slice] = 0
        }
        second = current
    }
}
