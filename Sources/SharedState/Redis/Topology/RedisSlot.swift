package import Primitives

/// Which of the 16384 parts of a cluster a key belongs to: CRC-16 (XMODEM) of it, or of what its first braces hold
/// (redis.io/docs/reference/cluster-spec, "Key distribution model").
package enum RedisSlot {
    package static let count = 16384

    package static func of(_ key: ByteView, prefix: [UInt8] = []) -> Int {
        let crc = prefix.withView { prefix in
            if let tag = tag(of: key) { return update(0, tag) }
            return update(update(0, prefix), key)
        }
        return Int(crc) & (count - 1)
    }

    /// What stands between the first `{` and the next `}`, unless that is nothing.
    private static func tag(of key: ByteView) -> ByteView? {
        guard let open = key.firstIndex(of: UInt8(ascii: "{")) else { return nil }
        guard let close = key.firstIndex(of: UInt8(ascii: "}"), from: open &+ 1), close > open &+ 1 else { return nil }
        return key[open &+ 1..<close]
    }

    private static func update(_ crc: UInt16, _ bytes: ByteView) -> UInt16 {
        var crc = crc
        for i in 0..<bytes.count { crc = crc &<< 8 ^ table[Int(UInt8(truncatingIfNeeded: crc &>> 8) ^ bytes[i])] }
        return crc
    }

    private static let table: InlineArray<256, UInt16> = InlineArray { index in
        var crc = UInt16(truncatingIfNeeded: index) &<< 8
        for _ in 0..<8 { crc = crc & 0x8000 == 0 ? crc &<< 1 : crc &<< 1 ^ 0x1021 }
        return crc
    }
}
