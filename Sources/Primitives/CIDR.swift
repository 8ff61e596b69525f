/// A network in CIDR notation (RFC 4632, RFC 4291 §2.3).
package struct CIDR: Hashable, Sendable, CustomStringConvertible {
    package let address: IPAddress
    /// Bits of the 128-bit form: an IPv4 `/24` is 120.
    package let bits: Int

    /// `10.0.0.0/8`, `fd00::/8`, or an address alone.
    package init?(parsing text: String) {
        guard let network = text.withView({ CIDR(parsing: $0) }) else { return nil }
        self = network
    }

    /// The same of bytes, without a `String`.
    package init?(parsing bytes: ByteView) {
        let slash = bytes.firstIndex(of: UInt8(ascii: "/"))
        guard let address = IPAddress(parsing: bytes.prefix(slash ?? bytes.count)) else { return nil }
        let width = address.isIPv4 ? 32 : 128
        var length = width
        if let slash {
            guard let given = bytes.dropFirst(slash + 1).decimal, given <= width else { return nil }
            length = given
        }
        bits = 128 - width + length
        let mask = CIDR.mask(bits)
        self.address = IPAddress(high: address.high & mask.high, low: address.low & mask.low)
    }

    /// The network that `address` is in.
    ///
    /// - Parameter bits: of the 128-bit form; moved into 0...128.
    package init(_ address: IPAddress, bits: Int) {
        self.bits = min(max(bits, 0), 128)
        let mask = CIDR.mask(self.bits)
        self.address = IPAddress(high: address.high & mask.high, low: address.low & mask.low)
    }

    /// The last address of the network.
    package var last: IPAddress {
        let mask = CIDR.mask(bits)
        return IPAddress(high: address.high | ~mask.high, low: address.low | ~mask.low)
    }

    package func contains(_ other: IPAddress) -> Bool {
        let mask = CIDR.mask(bits)
        return other.high & mask.high == address.high && other.low & mask.low == address.low
    }

    package var description: String { "\(address)/\(address.isIPv4 && bits >= 96 ? bits - 96 : bits)" }

    private static func mask(_ bits: Int) -> (high: UInt64, low: UInt64) {
        (
            high: bits >= 64 ? .max : bits == 0 ? 0 : .max << UInt64(64 - bits),
            low: bits <= 64 ? 0 : .max << UInt64(128 - bits)
        )
    }
}
