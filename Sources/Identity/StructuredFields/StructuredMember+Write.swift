package import Primitives

/// Serialising (RFC 9651 §4.1). Values that came from `StructuredParser` can be written; of values made otherwise, a text that has
/// no form is written without the bytes that have none, so that no caller can break out of a field.
extension BareItem {
    package func write(to out: ByteBuffer) {
        switch self {
        case .integer(let value): BareItem.write(value, to: out)
        case .decimal(let thousandths): BareItem.writeDecimal(thousandths, to: out)
        case .string(let text): BareItem.write(text, to: out)
        case .token(let text): for byte in text.utf8 where StructuredBytes.isToken(byte) { out.append(byte: byte) }
        case .bytes(let bytes):
            out.append(byte: UInt8(ascii: ":"))
            bytes.withView { Base64.encode($0, into: out) }
            out.append(byte: UInt8(ascii: ":"))
        case .boolean(let value): out.append(value ? "?1" : "?0")
        case .date(let seconds):
            out.append(byte: UInt8(ascii: "@"))
            BareItem.write(seconds, to: out)
        case .displayString(let text): BareItem.writeDisplay(text, to: out)
        }
    }

    private static func write(_ value: Int64, to out: ByteBuffer) {
        if value < 0 { out.append(byte: UInt8(ascii: "-")) }
        out.append(decimal: Int(clamping: min(value.magnitude, largestInteger.magnitude)))
    }

    private static func writeDecimal(_ thousandths: Int64, to out: ByteBuffer) {
        if thousandths < 0 { out.append(byte: UInt8(ascii: "-")) }
        let magnitude = min(thousandths.magnitude, largestInteger.magnitude)
        out.append(decimal: Int(clamping: magnitude / 1000))
        out.append(byte: UInt8(ascii: "."))
        var rest = magnitude % 1000
        var unit: UInt64 = 100
        repeat {
            out.append(byte: 0x30 + UInt8(truncatingIfNeeded: rest / unit))
            rest %= unit
            unit /= 10
        } while rest > 0
    }

    static func write(_ text: String, to out: ByteBuffer) {
        out.append(byte: UInt8(ascii: "\""))
        for byte in text.utf8 where byte >= 0x20 && byte < 0x7f {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { out.append(byte: UInt8(ascii: "\\")) }
            out.append(byte: byte)
        }
        out.append(byte: UInt8(ascii: "\""))
    }

    private static func writeDisplay(_ text: String, to out: ByteBuffer) {
        out.append("%\"")
        for byte in text.utf8 {
            if byte < 0x20 || byte > 0x7e || byte == UInt8(ascii: "%") || byte == UInt8(ascii: "\"") {
                out.append(byte: UInt8(ascii: "%"))
                out.append(byte: ASCII.lowercase(ASCII.hexDigit(byte >> 4)))
                out.append(byte: ASCII.lowercase(ASCII.hexDigit(byte & 0xf)))
            } else {
                out.append(byte: byte)
            }
        }
        out.append(byte: UInt8(ascii: "\""))
    }
}

extension StructuredParameters {
    package func write(to out: ByteBuffer) {
        for member in all {
            out.append(byte: UInt8(ascii: ";"))
            out.append(text: member.key)
            if member.value == .boolean(true) { continue }
            out.append(byte: UInt8(ascii: "="))
            member.value.write(to: out)
        }
    }
}

extension StructuredItem {
    package func write(to out: ByteBuffer) {
        value.write(to: out)
        parameters.write(to: out)
    }
}

extension InnerList {
    package func write(to out: ByteBuffer) {
        out.append(byte: UInt8(ascii: "("))
        for (i, item) in items.enumerated() {
            if i > 0 { out.append(byte: UInt8(ascii: " ")) }
            item.write(to: out)
        }
        out.append(byte: UInt8(ascii: ")"))
        parameters.write(to: out)
    }
}

extension StructuredMember {
    package func write(to out: ByteBuffer) {
        switch self {
        case .item(let item): item.write(to: out)
        case .innerList(let list): list.write(to: out)
        }
    }
}

extension [StructuredMember] {
    package func write(to out: ByteBuffer) {
        for (i, member) in enumerated() {
            if i > 0 { out.append(", ") }
            member.write(to: out)
        }
    }
}

extension StructuredDictionary {
    package func write(to out: ByteBuffer) {
        for (i, member) in all.enumerated() {
            if i > 0 { out.append(", ") }
            out.append(text: member.key)
            if case .item(let item) = member.value, item.value == .boolean(true) {
                item.parameters.write(to: out)
            } else {
                out.append(byte: UInt8(ascii: "="))
                member.value.write(to: out)
            }
        }
    }
}
