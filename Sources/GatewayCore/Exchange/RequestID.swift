package import Primitives

/// A UUID (RFC 9562) of version 7 or 4.
package struct RequestID: Equatable, Sendable {
    package var high: UInt64 = 0
    package var low: UInt64 = 0

    package init() {}

    /// Version 7: 48 bits of time in milliseconds since 1970, then random bits (§5.7). In logs these sort by time.
    package init(milliseconds: UInt64, random: (UInt64, UInt64)) {
        high = milliseconds << 16 | 0x7000 | random.0 & 0x0fff
        low = 0x8000_0000_0000_0000 | random.1 & 0x3fff_ffff_ffff_ffff
    }

    /// Version 4: random bits alone (§5.4).
    package init(random: (UInt64, UInt64)) {
        high = random.0 & ~0xf000 | 0x4000
        low = 0x8000_0000_0000_0000 | random.1 & 0x3fff_ffff_ffff_ffff
    }

    package var isEmpty: Bool { high == 0 && low == 0 }

    /// Appends the 36 characters of the text form.
    package func write(to out: ByteBuffer) {
        guard let text = unsafe out.appendUninitialized(36) else { return }
        // 8-4-4-4-12 digits: groups that begin on even places of the two words.
        unsafe RequestID.store(UInt32(truncatingIfNeeded: high >> 32), text)
        unsafe text[8] = UInt8(ascii: "-")
        let middle = RequestID.digits(UInt32(truncatingIfNeeded: high))
        let next = RequestID.digits(UInt32(truncatingIfNeeded: low >> 32))
        unsafe UnsafeMutableRawPointer(text + 9).storeBytes(of: UInt32(truncatingIfNeeded: middle), as: UInt32.self)
        unsafe text[13] = UInt8(ascii: "-")
        unsafe UnsafeMutableRawPointer(text + 14).storeBytes(of: UInt32(truncatingIfNeeded: middle >> 32), as: UInt32.self)
        unsafe text[18] = UInt8(ascii: "-")
        unsafe UnsafeMutableRawPointer(text + 19).storeBytes(of: UInt32(truncatingIfNeeded: next), as: UInt32.self)
        unsafe text[23] = UInt8(ascii: "-")
        unsafe UnsafeMutableRawPointer(text + 24).storeBytes(of: UInt32(truncatingIfNeeded: next >> 32), as: UInt32.self)
        unsafe RequestID.store(UInt32(truncatingIfNeeded: low), text + 28)
    }

    private static func store(_ value: UInt32, _ text: UnsafeMutablePointer<UInt8>) {
        unsafe UnsafeMutableRawPointer(text).storeBytes(of: digits(value), as: UInt64.self)
    }

    /// The eight lower-case hexadecimal digits of `value`, the first in the lowest byte, all at once.
    private static func digits(_ value: UInt32) -> UInt64 {
        // One digit a byte: spread the halves, then the quarters, then the nibbles.
        var x = UInt64(value.byteSwapped)
        x = (x | x << 16) & 0x0000_ffff_0000_ffff
        x = (x | x << 8) & 0x00ff_00ff_00ff_00ff
        x = (x >> 4 | x << 8) & 0x0f0f_0f0f_0f0f_0f0f
        // 0x30 + digit, and 0x27 more from ten on.
        let letters = (x &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return x &+ 0x3030_3030_3030_3030 &+ letters &* 0x27
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
