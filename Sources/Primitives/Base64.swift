/// Base64 with the standard alphabet (RFC 4648 §4), read strictly: one text for each sequence of bytes.
package enum Base64 {
    package enum Padding: Sendable {
        /// The text is filled up with "=" to a multiple of four, as RFC 4648 wants it.
        case required
        /// No "=" at all, as in PHC strings.
        case absent
    }

    /// Appends the bytes that `text` stands for. False, with nothing appended: a byte outside of the alphabet (white space
    /// and line breaks are), wrong padding, or bits set behind the last byte (§3.5).
    package static func decode(_ text: ByteView, padding: Padding = .required, into buffer: ByteBuffer) -> Bool {
        var digits = text.count
        if padding == .required {
            guard text.count & 3 == 0 else { return false }
            var most = 2
            while most > 0, digits > 0, text[digits - 1] == UInt8(ascii: "=") {
                digits -= 1
                most -= 1
            }
        }
        guard digits & 3 != 1 else { return false }
        let before = buffer.count
        buffer.reserve(digits / 4 * 3 + 2)
        var bits: UInt32 = 0
        var pending: UInt32 = 0
        for i in 0..<digits {
            guard let value = value(of: text[i]) else {
                buffer.truncate(to: before)
                return false
            }
            bits = bits << 6 | UInt32(value)
            pending += 6
            if pending >= 8 {
                pending -= 8
                buffer.append(byte: UInt8(truncatingIfNeeded: bits >> pending))
                bits &= (1 << pending) - 1
            }
        }
        guard bits == 0 else {
            buffer.truncate(to: before)
            return false
        }
        return true
    }

    /// Appends the text that stands for `bytes`.
    package static func encode(_ bytes: ByteView, padding: Padding = .required, into buffer: ByteBuffer) {
        buffer.reserve((bytes.count + 2) / 3 * 4)
        var i = 0
        while i < bytes.count {
            let left = min(3, bytes.count - i)
            var group = UInt32(bytes[i]) << 16
            if left > 1 { group |= UInt32(bytes[i + 1]) << 8 }
            if left > 2 { group |= UInt32(bytes[i + 2]) }
            for digit in 0...left {
                buffer.append(byte: digitFor(UInt8(truncatingIfNeeded: group >> UInt32(18 - 6 * digit) & 63)))
            }
            if padding == .required {
                for _ in left..<3 { buffer.append(byte: UInt8(ascii: "=")) }
            }
            i += 3
        }
    }

    package static func value(of digit: UInt8) -> UInt8? {
        if digit &- 0x41 < 26 { return digit &- 0x41 }
        if digit &- 0x61 < 26 { return digit &- 0x61 &+ 26 }
        if ASCII.isDigit(digit) { return digit &- 0x30 &+ 52 }
        return digit == UInt8(ascii: "+") ? 62 : digit == UInt8(ascii: "/") ? 63 : nil
    }

    private static func digitFor(_ value: UInt8) -> UInt8 {
        switch value {
        case 0..<26: 0x41 &+ value
        case 26..<52: 0x61 &+ value &- 26
        case 52..<62: 0x30 &+ value &- 52
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }
}
