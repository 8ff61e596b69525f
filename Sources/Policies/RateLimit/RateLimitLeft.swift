package import GatewayCore
package import Reactor
package import SharedState

/// What response fields say of a decision, as it is kept from the request to the response.
package struct RateLimitLeft: Equatable {
    /// Index of the most constraining window.
    package let window: Int
    /// Units left in it.
    package let remaining: Int
    /// Until there are more.
    package let reset: Nanoseconds

    package init(window: Int, remaining: Int, reset: Nanoseconds) {
        self.window = window
        self.remaining = remaining
        self.reset = reset
    }

    package init(_ decision: RateDecision) { self.init(window: decision.window, remaining: decision.remaining, reset: decision.reset) }

    /// Nil if nothing has been kept.
    package init?(_ memo: Memo) {
        let place = Int(truncatingIfNeeded: memo.first >> RateLimitLeft.shift)
        guard place > 0 else { return nil }
        window = place - 1
        remaining = Int(truncatingIfNeeded: memo.first & RateLimitLeft.mask)
        reset = memo.second
    }

    package var memo: Memo {
        var memo = Memo()
        memo.first = UInt64(truncatingIfNeeded: window &+ 1) << RateLimitLeft.shift | UInt64(truncatingIfNeeded: remaining) & RateLimitLeft.mask
        memo.second = reset
        return memo
    }

    /// The window stands above what remains, which fits in 33 bits, and is counted from 1: an empty memo holds none.
    private static let shift: UInt64 = 48
    private static let mask: UInt64 = 1 << shift - 1
}
