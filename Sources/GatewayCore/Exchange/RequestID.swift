package import Primitives

/// A UUID of version 7: 48 bits of time in milliseconds, then random bits (RFC 9562 §5.7).
package struct RequestID: Equatable, Sendable {
    package var high: UInt64 = 0
    package var low: UInt64 = 0

    package init() {}

    package init(milliseconds: UInt64, random: (UInt64, UInt64)) {
        high = milliseconds << 16 | 0x7000 | random.0 & 0x0fff
        low = 0x8000_0000_0000_0000 | random.1 & 0x3fff_ffff_ffff_ffff
    }

    package var isEmpty: Bool { high == 0 && low == 0 }

    /// Appends the 36 characters of the text form.
    package func write(to out: ByteBuffer) {
        unsafe out.appendUninitialized(36) { bytes in
            var at = 0
            for i in 0..<32 {
                if i == 8 || i == 12 || i == 16 || i == 20 {
                    unsafe bytes[at] = UInt8(ascii: "-")
                    at += 1
                }
                let word = i < 16 ? high : low
                let digit = UInt8(truncatingIfNeeded: word >> UInt64(60 - i % 16 * 4) & 0xf)
                unsafe bytes[at] = digit < 10 ? 0x30 + digit : 0x57 + digit
                at += 1
            }
            return 36
        }
    }
}

/// A fast generator for ids, jitter and picks; one a loop. Not for secrets (wyrand).
package struct FastRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }
    package init() { state = UInt64.random(in: .min ... .max) }

    package mutating func next() -> UInt64 {
        state &+= 0xa076_1d64_78bd_642f
        let product = state.multipliedFullWidth(by: state ^ 0xe703_7ed1_a0b4_28db)
        return product.high ^ product.low
    }
}
