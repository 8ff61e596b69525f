package import Primitives
package import Reactor

/// A ban of an address or of a whole prefix, as lists and logs have it.
package struct GuardBan: Equatable, Sendable {
    package var network: CIDR
    /// Until it ends.
    package var left: Nanoseconds
    /// Which one in a row it is, from 1.
    package var strikes: Int
    /// The offence that began it.
    package var cause: Offence
    /// Connections that are still open.
    package var open: Int

    package init(network: CIDR, left: Nanoseconds, strikes: Int, cause: Offence, open: Int) {
        self.network = network
        self.left = left
        self.strikes = strikes
        self.cause = cause
        self.open = open
    }
}
