private import Glibc
package import Reactor

/// How names are resolved.
package struct ResolverSettings: Sendable {
    /// Name servers to ask in place of those of `resolv.conf`. The system's own resolver is then never asked.
    package var nameservers: [SocketAddress]?
    package var hostsFile = "/etc/hosts"
    package var resolvConf = "/etc/resolv.conf"
    /// For an answer of one name server; nil takes `resolv.conf`'s, at most 2 s.
    package var timeout: Nanoseconds?
    /// Rounds through the name servers; nil takes `resolv.conf`'s.
    package var attempts: Int?
    /// Bounds of the time to live that a name server gives.
    package var timeToLive: ClosedRange<Nanoseconds> = .seconds(1) ... .seconds(3600)
    /// How long a failure is remembered.
    package var negativeTimeToLive: Nanoseconds = .seconds(5)
    /// For what comes from a file or from the system, neither of which says how long it is good.
    package var fileTimeToLive: Nanoseconds = .seconds(30)
    /// Threads; one name occupies one while it is looked up.
    package var threads = 4

    package init() {}

    /// The defaults, with the name server of `SLUICE_NAMESERVER` (an address, or an address and a port) when it is set.
    package static var fromEnvironment: ResolverSettings {
        var settings = ResolverSettings()
        if let value = unsafe getenv("SLUICE_NAMESERVER"), let address = nameserver(unsafe String(cString: value)) {
            settings.nameservers = [address]
        }
        return settings
    }

    /// `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1` or `[2001:db8::1]:5353`.
    static func nameserver(_ text: String) -> SocketAddress? {
        if let ip = NameLookup.literal(text) { return .ip(ip, port: 53) }
        return SocketAddress(parsing: text).flatMap { $0.ip == nil ? nil : $0 }
    }
}
