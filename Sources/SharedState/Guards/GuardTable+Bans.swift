package import Primitives
package import Reactor

/// For those who watch and those who forgive.
extension GuardTable {
    /// Until the ban of the address or of its prefix ends, 0 when it has none.
    package func banned(_ address: IPAddress, _ rules: GuardRules, now: Instant) -> Nanoseconds {
        max(
            banned(addresses, address, rules.address, now.nanoseconds),
            banned(prefixes, rules.prefixes(address), rules.prefix, now.nanoseconds))
    }

    private func banned(_ table: borrowing LimitTable, _ address: IPAddress, _ bounds: GuardBounds, _ now: UInt64) -> Nanoseconds {
        let key = key(address)
        return table.withShard(key) { shard in shard.find(key).map { GuardState($0.state, bounds).banned(now) } ?? 0 }
    }

    /// What is banned, longest first. Looks at every entry: not for an event loop that serves.
    package func bans(_ rules: GuardRules, now: Instant) -> [GuardBan] {
        var found: [GuardBan] = []
        collect(addresses, rules.address, now.nanoseconds, into: &found) { _ in 128 }
        collect(prefixes, rules.prefix, now.nanoseconds, into: &found) { rules.prefixes.bits($0) }
        return found.sorted { ($0.left, $0.network.description) > ($1.left, $1.network.description) }
    }

    private func collect(
        _ table: borrowing LimitTable, _ bounds: GuardBounds, _ now: UInt64, into found: inout [GuardBan], bits: (IPAddress) -> Int
    ) {
        _ = table.sum { shard in
            shard.count { entry in
                let state = GuardState(entry.state, bounds)
                guard state.banned(now) > 0 else { return false }
                found.append(GuardTable.describe(state, bits(state.address), now))
                return true
            }
        }
    }

    static func describe(_ state: GuardState, _ bits: Int, _ now: UInt64) -> GuardBan {
        let cause = state.cause < Offence.all.count ? Offence.all[state.cause] : .persistence
        return GuardBan(
            network: CIDR(state.address, bits: bits), left: state.banned(now), strikes: Int(state.strikes), cause: cause, open: state.open)
    }

    /// Addresses and prefixes that are remembered.
    package var count: Int { addresses.sum { $0.count } + prefixes.sum { $0.count } }

    /// Ends the ban of exactly this address or prefix, and forgets its offences. False: it has none.
    package func pardon(_ network: CIDR, _ rules: GuardRules, now: Instant) -> Bool {
        var isPardoned = false
        if network.bits == 128 { isPardoned = pardon(addresses, network.address, rules.address, now.nanoseconds) }
        if network.bits == rules.prefixes.bits(network.address) {
            isPardoned = pardon(prefixes, network.address, rules.prefix, now.nanoseconds) || isPardoned
        }
        return isPardoned
    }

    private func pardon(_ table: borrowing LimitTable, _ address: IPAddress, _ bounds: GuardBounds, _ now: UInt64) -> Bool {
        let key = key(address)
        return table.withShard(key) { shard in
            guard let entry = shard.find(key) else { return false }
            let state = GuardState(entry.state, bounds)
            guard state.banned(now) > 0 else { return false }
            state.pardon()
            return true
        }
    }
}
