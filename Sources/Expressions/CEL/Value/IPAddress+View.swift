private import Glibc
internal import Primitives

extension IPAddress {
    /// The address that exactly these bytes spell, without a `String`. Zones and IPv4 with dots inside IPv6 (`::ffff:10.0.0.1`) are refused,
    /// as in Kubernetes' library; the same in hexadecimal is the IPv4 address.
    init?(_ text: ByteView) {
        guard text.count <= 45, !text.contains(0) else { return nil }
        let parsed = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 46) { copy -> IPAddress? in
            for i in 0..<text.count { unsafe copy[i] = CChar(bitPattern: text[i]) }
            unsafe copy[text.count] = 0
            guard let characters = unsafe UnsafePointer(copy.baseAddress) else { return nil }
            var v4 = in_addr()
            if unsafe inet_pton(AF_INET, characters, &v4) == 1 { return IPAddress(v4: UInt32(bigEndian: v4.s_addr)) }
            var v6 = in6_addr()
            guard unsafe inet_pton(AF_INET6, characters, &v6) == 1 else { return nil }
            let address = IPAddress(v6)
            return address.isIPv4 && text.contains(UInt8(ascii: ".")) ? nil : address
        }
        guard let parsed else { return nil }
        self = parsed
    }

    var isMulticast: Bool { isIPv4 ? v4 >> 28 == 0xe : high >> 56 == 0xff }
    var isLinkLocalMulticast: Bool { isIPv4 ? v4 >> 8 == 0xe00000 : high >> 48 & 0xff0f == 0xff02 }
    var isLinkLocalUnicast: Bool { isIPv4 ? v4 >> 16 == 0xa9fe : high >> 54 == 0x3fa }
    /// Private addresses included, as in Go's `net/netip`, which Kubernetes uses.
    var isGlobalUnicast: Bool {
        !isUnspecified && !isLoopback && !isMulticast && !isLinkLocalUnicast && !(isIPv4 && v4 == .max)
    }
}
