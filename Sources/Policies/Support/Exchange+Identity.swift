import GatewayCore
import Primitives
import Reactor

extension Exchange {
    /// Seconds since 1970, as credentials say when they end.
    var unixSeconds: Int { Int(truncatingIfNeeded: loop.wallClock / 1_000_000_000) }
}
