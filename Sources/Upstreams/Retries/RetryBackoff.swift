package import GatewayCore
package import Reactor

/// How long to wait before another try: anything up to a bound that doubles with each ("full jitter"), so that clients of a
/// service that stumbles do not come back all at once.
package struct RetryBackoff: Sendable, Equatable {
    /// Bound of the first wait; 0 for none.
    package var base: Nanoseconds = .milliseconds(25)
    package var most: Nanoseconds = .milliseconds(250)
    package init() {}

    package init(base: Nanoseconds, most: Nanoseconds) {
        self.base = base
        self.most = max(base, most)
    }

    /// - Parameter retry: 1 for the first.
    package func bound(_ retry: Int) -> Nanoseconds {
        guard base > 0 else { return 0 }
        let doublings = UInt64(max(0, min(retry - 1, 30)))
        let (grown, overflow) = base.multipliedReportingOverflow(by: 1 << doublings)
        return overflow ? most : min(grown, most)
    }

    package func wait(_ retry: Int, _ random: inout FastRandom) -> Nanoseconds {
        let bound = bound(retry)
        return bound == 0 ? 0 : random.next() % (bound &+ 1)
    }
}
