package import Primitives
package import Reactor

/// What one address, or one prefix of addresses, may do. Nil, and 0, for no bound.
package struct GuardBounds: Equatable, Sendable {
    /// Open connections at a time.
    package var connections = 0
    package var newConnections: RateWindow?
    package var handshakes: RateWindow?
    package var requests: RateWindow?
    /// Offences that do not begin a ban yet.
    package var offences: RateWindow?

    package init() {}
}

extension RateWindow? {
    /// So many a second, and what two seconds bring at once: a page opens several connections, and clients come back together when a
    /// network does. Nil for 0.
    package init(perSecond count: Int) {
        self = count > 0 ? RateWindow(limit: count, period: .seconds(1), burst: count > .max / 2 ? count : 2 * count) : nil
    }

    /// So many within a minute, forgotten steadily. Nil for 0.
    package init(perMinute count: Int) { self = count > 0 ? RateWindow(limit: count, period: .seconds(60)) : nil }
}

/// Bans, each twice as long as the one before.
package struct BanRules: Equatable, Sendable {
    package var first: Nanoseconds = .seconds(10)
    package var longest: Nanoseconds = .seconds(3600)
    /// Who is not banned for so long after a ban begins anew.
    package var memory: Nanoseconds = .seconds(600)

    package init() {}

    /// Length of the ban that is the `strikes`th in a row, from 1.
    func length(strikes: UInt64) -> Nanoseconds {
        let (length, overflow) = first.multipliedReportingOverflow(by: 1 << min(strikes &- 1, 40))
        return overflow ? max(first, longest) : min(length, max(first, longest))
    }
}

/// Everything that guards go by. Does not change: loops get another object with another configuration.
package final class GuardRules: Sendable {
    package let address: GuardBounds
    package let prefix: GuardBounds
    package let bans: BanRules
    package let prefixes: AddressPrefixes
    /// Who is not counted at all.
    package let exempt: CIDRSet

    package init(address: GuardBounds, prefix: GuardBounds, bans: BanRules, prefixes: AddressPrefixes, exempt: CIDRSet) {
        self.address = address
        self.prefix = prefix
        self.bans = bans
        self.prefixes = prefixes
        self.exempt = exempt
    }
}

/// How many bits of an address make its prefix.
package struct AddressPrefixes: Equatable, Sendable {
    package let v4: Int
    package let v6: Int

    package init(v4: Int, v6: Int) {
        self.v4 = min(max(v4, 0), 32)
        self.v6 = min(max(v6, 0), 128)
    }

    /// Bits of the 128-bit form.
    func bits(_ address: IPAddress) -> Int { address.isIPv4 ? 96 + v4 : v6 }

    func callAsFunction(_ address: IPAddress) -> IPAddress { CIDR(address, bits: bits(address)).address }
}
