/// The addresses of any number of networks, to be asked whether one is among them: lists of countries, of providers, of abusers.
/// Nested, adjacent and repeated networks are merged. Never changes; 8 bytes for an IPv4 network and 32 for an IPv6 one, and
/// an index of up to half as much for IPv4.
package struct CIDRSet: Sendable {
    private let v4: RangeSet<UInt32>
    private let v6: RangeSet<UInt128>

    package init(_ networks: some Sequence<CIDR>) {
        var v4: [RangeSet<UInt32>.Stretch] = []
        var v6: [RangeSet<UInt128>.Stretch] = []
        for network in networks {
            let first = network.address, last = network.last
            if first.isIPv4, last.isIPv4 {
                v4.append(RangeSet.Stretch(first: first.v4, last: last.v4))
            } else {
                v6.append(RangeSet.Stretch(first: first.number, last: last.number))
                // As `CIDR.contains` has it, `::/0` is everything, and IPv4 a part of it.
                if network.contains(IPAddress(v4: 0)) { v4.append(RangeSet.Stretch(first: 0, last: .max)) }
            }
        }
        self.v4 = RangeSet(v4)
        self.v6 = RangeSet(v6)
    }

    package func contains(_ address: IPAddress) -> Bool {
        address.isIPv4 ? v4.contains(address.v4) : v6.contains(address.number)
    }

    package var isEmpty: Bool { v4.isEmpty && v6.isEmpty }

    /// Bytes that the set takes.
    package var memory: Int { v4.bytes + v6.bytes }
}

extension IPAddress {
    fileprivate var number: UInt128 { UInt128(high) << 64 | UInt128(low) }
}
