import Model
import Primitives
import Reactor
import Schema
import SharedState
import Synchronization

/// The guards of a gateway: what they know, and what they go by.
struct ClientGuards: Sendable {
    let table: GuardTable
    let rules: GuardRules

    /// Nil: they are off. What is known of addresses outlives other numbers, but not other prefixes, whose counters would be for nobody.
    init?(_ settings: GuardSettings, after before: ClientGuards?, banned: @escaping @Sendable (GuardBan) -> Void) {
        guard settings.enabled else { return nil }
        rules = GuardRules(settings)
        if let before, before.rules.prefixes == rules.prefixes {
            table = before.table
        } else {
            table = GuardTable(banned: banned)
        }
    }
}

extension GuardRules {
    convenience init(_ settings: GuardSettings) {
        var bans = BanRules()
        bans.first = settings.ban.first.nanoseconds
        bans.longest = settings.ban.longest.nanoseconds
        bans.memory = settings.ban.forgetAfter.nanoseconds
        self.init(
            address: GuardBounds(settings, times: 1), prefix: GuardBounds(settings, times: settings.prefix.factor), bans: bans,
            prefixes: AddressPrefixes(v4: settings.prefix.ipv4, v6: settings.prefix.ipv6), exempt: CIDRSet(settings.exempt))
    }
}

extension GuardBounds {
    fileprivate init(_ settings: GuardSettings, times factor: Int) {
        self.init()
        func most(_ value: Int) -> Int {
            let (product, overflow) = value.multipliedReportingOverflow(by: factor)
            return overflow ? .max : product
        }
        connections = most(settings.connections)
        newConnections = .init(perSecond: most(settings.newConnections))
        handshakes = .init(perSecond: most(settings.handshakes))
        requests = .init(perSecond: most(settings.requests))
        offences = .init(perMinute: most(settings.offences))
    }
}

extension Gateway {
    /// The guards of a configuration, which go on with what those before them know.
    func guards(_ configuration: Configuration) -> ClientGuards? {
        ClientGuards(configuration.guards, after: state.withLock { $0.guards }) { [control] ban in
            // The loop that has found it out goes on.
            guard BanLog.takesOne() else { return }
            control.post { BanLog.write(ban) }
        }
    }
}
