internal import Primitives

/// Hashes short byte strings eight bytes at a time (multiply and fold, as wyhash does).
enum ByteHash {
    private static let first: UInt64 = 0xa076_1d64_78bd_642f
    private static let second: UInt64 = 0xe703_7ed1_a0b4_28db

    /// `seed` tells tables apart that share one index: a host, a parent node.
    @inline(__always)
    static func hash(_ bytes: ByteView, seed: Int) -> UInt32 {
        let count = bytes.count
        var state = mix(UInt64(truncatingIfNeeded: seed) ^ first, UInt64(truncatingIfNeeded: count) ^ second)
        var place = 0
        while place + 8 <= count {
            state = mix(word(bytes, place) ^ first, state ^ second)
            place += 8
        }
        if place < count {
            var last: UInt64 = 0
            if count >= 8 {
                last = word(bytes, count - 8)
            } else {
                while place < count {
                    last = last << 8 | UInt64(bytes[place])
                    place += 1
                }
            }
            state = mix(last ^ first, state ^ second)
        }
        return UInt32(truncatingIfNeeded: state >> 32)
    }

    /// Callers keep `place + 8 <= bytes.count`.
    @inline(__always)
    private static func word(_ bytes: ByteView, _ place: Int) -> UInt64 {
        let range = bytes[place..<place + 8]
        return unsafe range.buffer.loadUnaligned(as: UInt64.self)
    }

    @inline(__always)
    private static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }
}
