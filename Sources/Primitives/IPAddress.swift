package import Glibc

/// An IPv4 or IPv6 address. IPv4 is held as `::ffff:a.b.c.d`, so one comparison serves both.
package struct IPAddress: Hashable, Sendable {
    /// The 128 bits, most significant half first, in host order.
    package let high: UInt64, low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package init(v4: UInt32) { self.init(high: 0, low: 0xffff_0000_0000 | UInt64(v4)) }

    package static let loopback = IPAddress(v4: 0x7f00_0001)

    package var isIPv4: Bool { high == 0 && low >> 32 == 0xffff }
    package var v4: UInt32 { UInt32(truncatingIfNeeded: low) }
    package var isLoopback: Bool { isIPv4 ? v4 >> 24 == 127 : high == 0 && low == 1 }
    package var isUnspecified: Bool { isIPv4 ? v4 == 0 : high == 0 && low == 0 }

    /// Dotted decimal or RFC 4291 text, without brackets, zone or port.
    package init?(parsing text: String) {
        // C sees only what stands before a NUL.
        guard !text.utf8.contains(0) else { return nil }
        var v4 = in_addr()
        if unsafe inet_pton(AF_INET, text, &v4) == 1 {
            self.init(v4: UInt32(bigEndian: v4.s_addr))
            return
        }
        var v6 = in6_addr()
        guard unsafe inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
        self.init(v6)
    }

    package init(_ address: in6_addr) {
        var copy = address
        self = unsafe withUnsafeBytes(of: &copy) { bytes in
            let high = unsafe UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
            let low = unsafe UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            return IPAddress(high: high, low: low)
        }
    }

    package var in6: in6_addr {
        var address = in6_addr()
        unsafe withUnsafeMutableBytes(of: &address) { bytes in
            unsafe bytes.storeBytes(of: high.bigEndian, toByteOffset: 0, as: UInt64.self)
            unsafe bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        return address
    }

    /// Appends the text form (RFC 5952 for IPv6), IPv4 without a `String`.
    package func write(to out: ByteBuffer) {
        guard isIPv4 else { return writeV6(to: out) }
        var shift: UInt32 = 32
        while shift > 0 {
            shift -= 8
            let part = UInt8(truncatingIfNeeded: v4 >> shift)
            if part >= 100 { out.append(byte: 0x30 + part / 100) }
            if part >= 10 { out.append(byte: 0x30 + part / 10 % 10) }
            out.append(byte: 0x30 + part % 10)
            if shift > 0 { out.append(byte: UInt8(ascii: ".")) }
        }
    }

    private func writeV6(to out: ByteBuffer) {
        var address = in6
        unsafe out.appendUninitialized(48) { buffer in
            let text = unsafe buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
            guard let text = unsafe text, unsafe inet_ntop(AF_INET6, &address, text, 48) != nil else { return 0 }
            return unsafe strlen(text)
        }
    }
}

extension IPAddress: CustomStringConvertible {
    package var description: String {
        let out = ByteBuffer(capacity: 48)
        write(to: out)
        return out.view.string
    }
}

/// A network in CIDR notation (RFC 4632, RFC 4291 §2.3).
package struct CIDR: Hashable, Sendable, CustomStringConvertible {
    package let address: IPAddress
    /// Bits of the 128-bit form: an IPv4 `/24` is 120.
    package let bits: Int

    /// `10.0.0.0/8`, `fd00::/8`, or an address alone.
    package init?(parsing text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = IPAddress(parsing: String(parts[0])) else { return nil }
        let width = address.isIPv4 ? 32 : 128
        var length = width
        if parts.count == 2 {
            guard parts[1].allSatisfy({ $0.isASCII && $0.isNumber }), let given = Int(parts[1]), given <= width else { return nil }
            length = given
        }
        bits = 128 - width + length
        let mask = CIDR.mask(bits)
        self.address = IPAddress(high: address.high & mask.high, low: address.low & mask.low)
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
