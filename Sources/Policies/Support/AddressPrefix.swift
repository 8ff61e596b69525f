import Primitives

/// The part of an address that tells clients apart: somebody who has a whole network of IPv6 is one client.
struct AddressPrefix: Sendable {
    private let v4: UInt32
    private let high: UInt64
    private let low: UInt64

    init(v4: Int, v6: Int) {
        // Shifting by the whole width or more gives 0.
        self.v4 = .max << (32 - min(max(v4, 0), 32))
        high = .max << (64 - min(max(v6, 0), 64))
        low = .max << (128 - min(max(v6, 64), 128))
    }

    /// Four bytes or sixteen, so no address of one kind is one of the other.
    func write(_ address: IPAddress, to out: ByteBuffer) {
        if address.isIPv4 {
            AddressPrefix.write(UInt64(address.v4 & v4), bytes: 4, to: out)
        } else {
            AddressPrefix.write(address.high & high, bytes: 8, to: out)
            AddressPrefix.write(address.low & low, bytes: 8, to: out)
        }
    }

    /// The same as text.
    func writeText(_ address: IPAddress, to out: ByteBuffer) {
        let network = address.isIPv4 ? IPAddress(v4: address.v4 & v4) : IPAddress(high: address.high & high, low: address.low & low)
        network.write(to: out)
    }

    private static func write(_ number: UInt64, bytes: Int, to out: ByteBuffer) {
        for place in (0..<bytes).reversed() { out.append(byte: UInt8(truncatingIfNeeded: number >> UInt64(place * 8))) }
    }
}
