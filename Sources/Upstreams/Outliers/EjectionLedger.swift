package import Reactor

/// Who is ejected, until when, and for how long the next time. Pure.
package struct EjectionLedger: Sendable {
    private var entries: [SocketAddress: Entry] = [:]

    private struct Entry {
        var until: Instant
        /// Ejections that still count: each doubles the time of the next.
        var level: Int
    }

    package init() {}

    /// Those that are left out now.
    package func ejected(_ now: Instant) -> Int { entries.values.count { $0.until > now } }
    package func until(_ endpoint: SocketAddress) -> Instant? { entries[endpoint]?.until }

    /// Most that may be out of `count`.
    static func most(_ share: Double, of count: Int) -> Int {
        guard count > 1 else { return 0 }
        return min(count - 1, max(1, Int(Double(count) * share)))
    }

    /// Ejects an endpoint that is one of `count`; answers until when, nil when it is out already or too many are.
    package mutating func eject(_ endpoint: SocketAddress, of count: Int, _ settings: PassiveHealthSettings, _ now: Instant) -> Instant? {
        if let until = entries[endpoint]?.until, until > now { return nil }
        guard ejected(now) < EjectionLedger.most(settings.maxEjected, of: count) else { return nil }
        var level = 0
        if let last = entries[endpoint] {
            // Time in which it was well makes up for ejections.
            let forgotten = (now - last.until) / max(1, settings.ejectFor)
            level = max(0, last.level - Int(clamping: forgotten))
        }
        let (grown, overflow) = settings.ejectFor.multipliedReportingOverflow(by: 1 << UInt64(min(level, 20)))
        let until = now + min(overflow ? .max : grown, max(settings.mostEjectFor, settings.ejectFor))
        entries[endpoint] = Entry(until: until, level: level + 1)
        return until
    }

    /// Only these are endpoints now.
    mutating func keep(_ endpoints: Set<SocketAddress>) { entries = entries.filter { endpoints.contains($0.key) } }
}
