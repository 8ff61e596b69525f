package import Primitives

/// A network as CEL sees it: unlike `CIDR` it keeps the bits behind the prefix, because `ip()` answers them (Kubernetes' CEL
/// library for networks).
package struct ExpressionCIDR: Hashable, Sendable {
    package let address: IPAddress
    /// Bits of the 128-bit form: an IPv4 `/24` is 120.
    let bits: UInt8

    init(address: IPAddress, bits: UInt8) {
        self.address = address
        self.bits = bits
    }

    /// `address/length`; an address alone is no network.
    package init?(_ text: ByteView) {
        guard let slash = text.firstIndex(of: UInt8(ascii: "/")) else { return nil }
        let host = text.prefix(slash), digits = text.dropFirst(slash + 1)
        guard let address = IPAddress(host), let length = digits.decimal else { return nil }
        // A length beside an IPv4 address in the form of IPv6 could be meant either way.
        guard !address.isIPv4 || !host.contains(UInt8(ascii: ":")) else { return nil }
        guard digits.count == 1 || digits[0] != UInt8(ascii: "0"), length <= (address.isIPv4 ? 32 : 128) else { return nil }
        self.init(address: address, bits: UInt8(address.isIPv4 ? 96 + length : length))
    }

    var prefixLength: Int { Int(bits) - (address.isIPv4 ? 96 : 0) }

    var masked: ExpressionCIDR { ExpressionCIDR(address: masked(address), bits: bits) }

    func contains(_ other: IPAddress) -> Bool { address.isIPv4 == other.isIPv4 && masked(other) == masked(address) }

    func contains(_ other: ExpressionCIDR) -> Bool { other.bits >= bits && contains(other.address) }

    private func masked(_ address: IPAddress) -> IPAddress {
        let high: UInt64 = bits >= 64 ? .max : bits == 0 ? 0 : .max << UInt64(64 - bits)
        let low: UInt64 = bits <= 64 ? 0 : .max << UInt64(128 - bits)
        return IPAddress(high: address.high & high, low: address.low & low)
    }

    func write(to out: ByteBuffer) {
        address.write(to: out)
        out.append("/")
        out.append(decimal: prefixLength)
    }
}
