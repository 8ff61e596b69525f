/// Byte classes of HTTP. A class of visible bytes is two words, one bit a byte: no table to load, nothing lazy.
public enum ASCII {
    @inlinable public static func lowercase(_ byte: UInt8) -> UInt8 {
        byte &- 0x41 < 26 ? byte | 0x20 : byte
    }

    @inlinable public static func uppercase(_ byte: UInt8) -> UInt8 {
        byte &- 0x61 < 26 ? byte & 0xdf : byte
    }

    @inlinable public static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
    @inlinable public static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }
    @inlinable public static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// The value of a hexadecimal digit, nil for any other byte.
    @inlinable public static func hexValue(_ byte: UInt8) -> UInt8? {
        if isDigit(byte) { return byte &- 0x30 }
        let low = byte | 0x20
        return low &- 0x61 < 6 ? low &- 0x61 &+ 10 : nil
    }

    @inlinable public static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? 0x30 + value : 0x41 + value - 10
    }

    /// `tchar` of RFC 9110 §5.6.2: the bytes of methods and header names.
    @inlinable public static func isToken(_ byte: UInt8) -> Bool {
        isMember(byte, 0x3ff6cfa00000000, 0x57ffffffc7fffffe)
    }

    /// A byte that a field value may hold: visible ASCII, obs-text, space, tab (RFC 9110 §5.5).
    @inlinable public static func isFieldValue(_ byte: UInt8) -> Bool {
        byte >= 0x20 ? byte != 0x7f : byte == 0x09
    }

    /// `unreserved` of RFC 3986 §2.3: bytes that never need percent-encoding.
    @inlinable public static func isUnreserved(_ byte: UInt8) -> Bool {
        isMember(byte, 0x3ff600000000000, 0x47fffffe87fffffe)
    }

    /// `pchar` of RFC 3986 §3.3 or "/", without "%": bytes that may stand in a path as they are.
    @inlinable public static func isPath(_ byte: UInt8) -> Bool {
        isMember(byte, 0x2fffffd200000000, 0x47fffffe87ffffff)
    }

    /// Bytes of a path that normalisation never has to look at: path bytes other than "/" and ".".
    @inlinable public static func isPlainPath(_ byte: UInt8) -> Bool {
        isMember(byte, 0x2fff3fd200000000, 0x47fffffe87ffffff)
    }

    @inlinable static func isMember(_ byte: UInt8, _ low: UInt64, _ high: UInt64) -> Bool {
        let word = byte < 64 ? low : byte < 128 ? high : 0
        return word >> UInt64(byte & 63) & 1 != 0
    }
}
