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
        guard let address = text.withView({ IPAddress(parsing: $0) }) else { return nil }
        self = address
    }

    /// The same of bytes, without a `String`.
    package init?(parsing bytes: ByteView) {
        if let v4 = IPAddress.dotted(bytes) {
            self.init(v4: v4)
        } else if let v6 = IPAddress.colons(bytes) {
            self.init(v6)
        } else {
            return nil
        }
    }

    /// Four decimal octets without leading zeros, which some would read as octal.
    private static func dotted(_ bytes: ByteView) -> UInt32? {
        guard (7...15).contains(bytes.count) else { return nil }
        var address: UInt32 = 0, octet: UInt32 = 0
        var digits = 0, dots = 0
        for i in 0..<bytes.count {
            let byte = bytes[i]
            if ASCII.isDigit(byte) {
                guard digits == 0 || octet > 0 else { return nil }
                octet = octet * 10 + UInt32(byte &- 0x30)
                digits += 1
                guard octet <= 255 else { return nil }
            } else {
                guard byte == UInt8(ascii: "."), digits > 0, dots < 3 else { return nil }
                address = address << 8 | octet
                (octet, digits, dots) = (0, 0, dots + 1)
            }
        }
        return dots == 3 && digits > 0 ? address << 8 | octet : nil
    }

    private static func colons(_ bytes: ByteView) -> in6_addr? {
        // C sees only what stands before a NUL.
        guard bytes.count < INET6_ADDRSTRLEN, bytes.contains(UInt8(ascii: ":")), !bytes.contains(0) else { return nil }
        var address = in6_addr()
        let isAddress = unsafe withUnsafeTemporaryAllocation(byteCount: Int(INET6_ADDRSTRLEN), alignment: 1) { text in
            unsafe text.copyMemory(from: bytes.buffer)
            unsafe text[bytes.count] = 0
            let start = unsafe text.baseAddress?.assumingMemoryBound(to: CChar.self)
            guard let start = unsafe start else { return false }
            return unsafe inet_pton(AF_INET6, start, &address) == 1
        }
        return isAddress ? address : nil
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
