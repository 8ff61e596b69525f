import Primitives

/// Classes of bytes in structured fields.
enum StructuredBytes {
    static func isLower(_ byte: UInt8) -> Bool { byte &- 0x61 < 26 }

    /// `lcalpha / "*"` (RFC 9651 §3.1.2).
    static func beginsKey(_ byte: UInt8) -> Bool { isLower(byte) || byte == UInt8(ascii: "*") }

    static func isKey(_ byte: UInt8) -> Bool {
        beginsKey(byte) || ASCII.isDigit(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }

    static func beginsToken(_ byte: UInt8) -> Bool { ASCII.isLetter(byte) || byte == UInt8(ascii: "*") }
    static func isToken(_ byte: UInt8) -> Bool { ASCII.isToken(byte) || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "/") }

    /// Display strings have no upper-case escapes (§4.2.10).
    static func lowerHex(_ byte: UInt8) -> UInt8? { byte &- 0x41 < 26 ? nil : ASCII.hexValue(byte) }
}

extension StructuredDictionary {
    /// Whether a member may be called so.
    package static func isKey(_ text: String) -> Bool {
        text.utf8.first.map(StructuredBytes.beginsKey) == true && text.utf8.allSatisfy(StructuredBytes.isKey)
    }
}
