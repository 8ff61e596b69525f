package import Primitives

/// SHA-1 (FIPS 180-4 §6.1), for the one thing that still needs it: `Sec-WebSocket-Accept`, which proves that a server speaks
/// WebSocket and protects nothing.
package enum SHA1 {
    /// The 20 bytes of the digest, appended to `out`.
    package static func digest(_ message: ByteView, into out: ByteBuffer) {
        var state: (UInt32, UInt32, UInt32, UInt32, UInt32) = (0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0)
        let total = (message.count + 9 + 63) / 64 * 64
        let bits = UInt64(message.count) &* 8
        /// The message as it is padded: one bit, zeros, the length in bits.
        func byte(_ index: Int) -> UInt32 {
            if index < message.count { return UInt32(message[index]) }
            if index == message.count { return 0x80 }
            let fromEnd = total - 1 - index
            return fromEnd < 8 ? UInt32(truncatingIfNeeded: (bits >> UInt64(fromEnd * 8)) & 0xff) : 0
        }
        var words = InlineArray<80, UInt32>(repeating: 0)
        for block in stride(from: 0, to: total, by: 64) {
            for i in 0..<16 {
                let at = block + i * 4
                words[i] = byte(at) << 24 | byte(at + 1) << 16 | byte(at + 2) << 8 | byte(at + 3)
            }
            for i in 16..<80 { words[i] = rotate(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1) }
            var (a, b, c, d, e) = state
            for i in 0..<80 {
                let (mix, constant): (UInt32, UInt32) =
                    switch i {
                    case ..<20: ((b & c) | (~b & d), 0x5a82_7999)
                    case ..<40: (b ^ c ^ d, 0x6ed9_eba1)
                    case ..<60: ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc)
                    default: (b ^ c ^ d, 0xca62_c1d6)
                    }
                (a, b, c, d, e) = (rotate(a, 5) &+ mix &+ e &+ constant &+ words[i], a, rotate(b, 30), c, d)
            }
            state = (state.0 &+ a, state.1 &+ b, state.2 &+ c, state.3 &+ d, state.4 &+ e)
        }
        for word in [state.0, state.1, state.2, state.3, state.4] {
            for shift: UInt32 in [24, 16, 8, 0] { out.append(byte: UInt8(truncatingIfNeeded: word >> shift)) }
        }
    }

    private static func rotate(_ word: UInt32, _ by: UInt32) -> UInt32 { word &<< by | word &>> (32 &- by) }
}
