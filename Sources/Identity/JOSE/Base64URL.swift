package import Primitives

/// Base64 with the URL-safe alphabet and no padding (RFC 7515 §2), read strictly: one text for each sequence of bytes, so that
/// a token can't be altered into another one that means the same.
package enum Base64URL {
    /// The bytes that `text` stands for. Nil: a byte outside of the alphabet (padding, white space and line breaks are), a length that
    /// no bytes have, or bits set behind the last byte (RFC 4648 §3.5).
    package static func decode(_ text: ByteView) -> [UInt8]? {
        let tail = text.count & 3
        guard tail != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3 + 2)
        var bits: UInt32 = 0
        // A digit is below 64: whatever is not sets a higher bit of this.
        var flaws: UInt8 = 0
        var i = 0
        while i + 4 <= text.count {
            let a = value(of: text[i]), b = value(of: text[i + 1]), c = value(of: text[i + 2]), d = value(of: text[i + 3])
            flaws |= a | b | c | d
            bits = UInt32(a) << 18 | UInt32(b) << 12 | UInt32(c) << 6 | UInt32(d)
            bytes.append(UInt8(truncatingIfNeeded: bits >> 16))
            bytes.append(UInt8(truncatingIfNeeded: bits >> 8))
            bytes.append(UInt8(truncatingIfNeeded: bits))
            i += 4
        }
        if tail > 0 {
            let a = value(of: text[i]), b = value(of: text[i + 1]), c = tail == 3 ? value(of: text[i + 2]) : 0
            flaws |= a | b | c
            bits = UInt32(a) << 18 | UInt32(b) << 12 | UInt32(c) << 6
            bytes.append(UInt8(truncatingIfNeeded: bits >> 16))
            if tail == 3 { bytes.append(UInt8(truncatingIfNeeded: bits >> 8)) }
            guard bits & (tail == 3 ? 0xff : 0xffff) == 0 else { return nil }
        }
        return flaws < 64 ? bytes : nil
    }

    package static func decode(_ text: String) -> [UInt8]? { text.withView { decode($0) } }

    /// The text that stands for `bytes`.
    package static func encode(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.withView { digits($0) }, as: UTF8.self)
    }

    /// Appends the text that stands for `bytes`.
    package static func encode(_ bytes: ByteView, into buffer: ByteBuffer) {
        digits(bytes).withView { buffer.append($0) }
    }

    private static func digits(_ bytes: ByteView) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count * 4 + 2) / 3)
        var i = 0
        while i < bytes.count {
            let left = min(3, bytes.count - i)
            var group = UInt32(bytes[i]) << 16
            if left > 1 { group |= UInt32(bytes[i + 1]) << 8 }
            if left > 2 { group |= UInt32(bytes[i + 2]) }
            for digit in 0...left { text.append(Base64URL.digit(UInt8(truncatingIfNeeded: group >> UInt32(18 - 6 * digit) & 63))) }
            i += 3
        }
        return text
    }

    /// 64 or more for what is no digit.
    private static func value(of digit: UInt8) -> UInt8 {
        if digit &- 0x61 < 26 { return digit &- 0x61 &+ 26 }
        if digit &- 0x41 < 26 { return digit &- 0x41 }
        if digit &- 0x30 < 10 { return digit &- 0x30 &+ 52 }
        return digit == UInt8(ascii: "-") ? 62 : digit == UInt8(ascii: "_") ? 63 : 255
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        switch value {
        case 0..<26: 0x41 &+ value
        case 26..<52: 0x61 &+ value &- 26
        case 52..<62: 0x30 &+ value &- 52
        case 62: UInt8(ascii: "-")
        default: UInt8(ascii: "_")
        }
    }
}
