package import Primitives
package import Reactor

/// What a name stands for.
package struct ResolvedName: Equatable, Sendable {
    /// Without repetitions, IPv4 before IPv6, in numerical order: servers rotate their answers, and a rotation is no change.
    package let addresses: [IPAddress]
    /// Where the service of that name is, by priority.
    package let services: [ServiceRecord]
    /// How long this may be relied on; `.max` for literals.
    package let timeToLive: Nanoseconds
    package let source: Source

    package enum Source: Sendable { case literal, hosts, dns, system }

    init(_ addresses: [IPAddress], timeToLive: Nanoseconds, source: Source) {
        self.addresses = Set(addresses).sorted { a, b in
            if a.isIPv4 != b.isIPv4 { return a.isIPv4 }
            return (a.high, a.low) < (b.high, b.low)
        }
        services = []
        self.timeToLive = timeToLive
        self.source = source
    }

    init(services: [ServiceRecord], timeToLive: Nanoseconds) {
        addresses = []
        self.services = ServiceRecord.sorted(services)
        self.timeToLive = timeToLive
        source = .dns
    }
}

/// Why a name has no addresses.
package enum ResolutionError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Not a host name (RFC 1123 §2.1).
    case invalidName
    /// The name does not exist, or has no addresses.
    case notFound
    /// No name server gave a usable answer.
    case noAnswer(String)
    /// The resolver was stopped before it came to the name.
    case stopped

    package var description: String {
        switch self {
        case .invalidName: "not a host name"
        case .notFound: "the name does not exist or has no addresses"
        case .noAnswer(let why): "no name server answered: \(why)"
        case .stopped: "stopped"
        }
    }
}
