package import Reactor

/// What a gateway gossips with.
package struct GossipServiceSettings: Sendable {
    /// The UDP address that is bound.
    package var address: SocketAddress
    /// Where others reach it; nil: at `address`.
    package var advertise: SocketAddress?
    package var keys: GossipKeys
    package var seeds: [GossipSeed]
    /// How often gateways tell each other what they have spent.
    package var interval: Nanoseconds = .milliseconds(100)
    package var timing = GossipTiming()

    package init(address: SocketAddress, keys: GossipKeys, seeds: [GossipSeed] = []) {
        self.address = address
        self.keys = keys
        self.seeds = seeds
    }

    /// Whether a socket that serves `other` can go on with these.
    func shares(_ other: GossipServiceSettings) -> Bool {
        address == other.address && advertise == other.advertise && timing == other.timing && interval == other.interval
    }
}

/// Where other gateways may be found.
package enum GossipSeed: Hashable, Sendable {
    case address(SocketAddress)
    /// All addresses of a name are tried.
    case name(String, port: UInt16)
}
