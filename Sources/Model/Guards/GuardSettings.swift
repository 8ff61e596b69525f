package import Primitives
package import Schema

/// What clients may do by their address, before any route or policy is asked.
package struct GuardSettings: Settings {
    @Setting("Bound what addresses and prefixes of addresses may do. `false` leaves all of it to policies.")
    package var enabled: Bool = true

    @Setting("Networks that nothing of this holds for. Loopback is where tests and health checks come from; `[]` exempts nobody.")
    package var exempt: [CIDR] = [CIDR(.loopback, bits: 104), CIDR(IPAddress(high: 0, low: 1), bits: 128)]

    @Setting("Open connections of one address; 0 is no limit.", 0...10_000_000)
    package var connections: Int = 1000

    @Setting("Connections a second of one address; twice as many may come at once. 0 is no limit.", 0...10_000_000)
    package var newConnections: Int = 200

    @Setting("TLS handshakes a second of one address; twice as many may come at once. 0 is no limit.", 0...10_000_000)
    package var handshakes: Int = 100

    @Setting("Requests a second of one address; twice as many may come at once. More are refused with 429. 0 is no limit.", 0...10_000_000)
    package var requests: Int = 1000

    @Setting("Offences of one address within a minute that are forgiven; more of them ban it. 0 bans nobody.", 0...1_000_000)
    package var offences: Int = 200

    @Setting("Addresses beside each other, together.")
    package var prefix: GuardPrefixSettings = GuardPrefixSettings()

    @Setting("How long addresses and prefixes are banned.")
    package var ban: BanSettings = BanSettings()

    package static var about: String { "What clients may do by their address, before any route or policy is asked." }
    package init() {}
}

package struct GuardPrefixSettings: Settings {
    @Setting("How many times as much as one address all addresses of a prefix may do together; 0 does not count prefixes.", 0...1_000_000)
    package var factor: Int = 4

    @Setting("Bits of an IPv4 address that make its prefix.", 8...32)
    package var ipv4: Int = 24

    @Setting("Bits of an IPv6 address that make its prefix: one client has a network of 64 bits, as a rule.", 16...128)
    package var ipv6: Int = 64

    package init() {}
}

package struct BanSettings: Settings {
    @Setting("The first ban. Each one that comes soon after another is twice as long.", .seconds(1) ... .seconds(86_400))
    package var first: Duration = .seconds(10)

    @Setting("The longest ban.", .seconds(1) ... .seconds(31_536_000))
    package var longest: Duration = .seconds(3600)

    @Setting("Who was not banned for so long begins with the first ban again.", .seconds(1) ... .seconds(31_536_000))
    package var forgetAfter: Duration = .seconds(600)

    package init() {}
}
