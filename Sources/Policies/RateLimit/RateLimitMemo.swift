package import GatewayCore
package import Reactor
package import SharedState

/// What is kept of a decision from the request to the response.
package struct RateLimitLeft: Equatable {
    /// Index of the tier whose windows held.
    package let tier: Int
    /// Index of the most constraining window.
    package let window: Int
    /// Units left in it.
    package let remaining: Int
    /// Until there are more.
    package let reset: Nanoseconds

    package init(tier: Int = 0, window: Int, remaining: Int, reset: Nanoseconds) {
        self.tier = tier
        self.window = window
        self.remaining = remaining
        self.reset = reset
    }

    package init(_ decision: RateDecision, tier: Int) {
        self.init(tier: tier, window: decision.window, remaining: decision.remaining, reset: decision.reset)
    }

    /// Nil if nothing has been kept.
    package init?(_ memo: Memo) {
        let place = Int(truncatingIfNeeded: memo.first >> RateLimitLeft.windowShift)
        guard place > 0 else { return nil }
        window = place - 1
        tier = Int(truncatingIfNeeded: memo.first >> RateLimitLeft.tierShift & 0xff)
        remaining = Int(truncatingIfNeeded: memo.first & RateLimitLeft.mask)
        reset = memo.second
    }

    package var memo: Memo {
        var memo = Memo()
        memo.first =
            UInt64(truncatingIfNeeded: window &+ 1) << RateLimitLeft.windowShift
            | UInt64(truncatingIfNeeded: tier & 0xff) << RateLimitLeft.tierShift | UInt64(truncatingIfNeeded: remaining) & RateLimitLeft.mask
        memo.second = reset
        return memo
    }

    /// What remains fits in 33 bits. The tier stands above it, and the window, counted from 1, above that: an empty memo holds none.
    private static let windowShift: UInt64 = 48
    private static let tierShift: UInt64 = 40
    private static let mask: UInt64 = 1 << tierShift - 1
}

/// What a request has taken, until its response tells what it has cost.
final class RateLimitReservation {
    let key: [UInt8]
    let cost: Int
    /// What it was taken from.
    let limiter: any Limiter

    init(_ key: [UInt8], cost: Int, from limiter: any Limiter) {
        self.key = key
        self.cost = cost
        self.limiter = limiter
    }
}
