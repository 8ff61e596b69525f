import Primitives

/// Keys and values without parameters (RFC 9651 §4.2.3.1 to §4.2.10).
extension StructuredParser {
    mutating func key() throws(StructuredFieldError) -> String {
        guard let first = peek, StructuredBytes.beginsKey(first) else { throw error("a key") }
        return text { StructuredBytes.isKey($0) }
    }

    mutating func bareItem() throws(StructuredFieldError) -> BareItem {
        guard let first = peek else { throw error("a value") }
        switch first {
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: ":"): return .bytes(try byteSequence())
        case UInt8(ascii: "?"): return .boolean(try boolean())
        case UInt8(ascii: "@"): return .date(try date())
        case UInt8(ascii: "%"): return .displayString(try displayString())
        case _ where StructuredBytes.beginsToken(first): return .token(text { StructuredBytes.isToken($0) })
        default: throw error("a value")
        }
    }

    private mutating func text(while belongs: (UInt8) -> Bool) -> String {
        let start = at
        while let byte = peek, belongs(byte) { at += 1 }
        return bytes[start..<at].string
    }

    private mutating func number() throws(StructuredFieldError) -> BareItem {
        let isNegative = take(UInt8(ascii: "-"))
        let whole = try digits(most: 15)
        guard take(UInt8(ascii: ".")) else { return .integer(isNegative ? -whole.value : whole.value) }
        guard whole.count <= 12 else { throw error("at most 12 digits before the point") }
        let fraction = try digits(most: 3)
        var thousandths = fraction.value
        for _ in fraction.count..<3 { thousandths *= 10 }
        thousandths += whole.value * 1000
        return .decimal(thousandths: isNegative ? -thousandths : thousandths)
    }

    /// `most` is at most 15, so nothing can overflow.
    private mutating func digits(most: Int) throws(StructuredFieldError) -> (value: Int64, count: Int) {
        var value: Int64 = 0
        var count = 0
        while let byte = peek, ASCII.isDigit(byte) {
            count += 1
            guard count <= most else { throw error("fewer digits") }
            value = value * 10 + Int64(byte &- 0x30)
            at += 1
        }
        guard count > 0 else { throw error("a digit") }
        return (value, count)
    }

    private mutating func string() throws(StructuredFieldError) -> String {
        at += 1
        let start = at
        var escaped: [UInt8]?
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                defer { at += 1 }
                if let escaped { return String(decoding: escaped, as: UTF8.self) }
                return bytes[start..<at].string
            case UInt8(ascii: "\\"):
                if escaped == nil { escaped = bytes[start..<at].array }
                at += 1
                guard let next = peek, next == UInt8(ascii: "\"") || next == UInt8(ascii: "\\") else { throw error("a quote or a backslash") }
                escaped?.append(next)
            case 0x20...0x7e: escaped?.append(byte)
            default: throw error("visible ASCII")
            }
            at += 1
        }
        throw error("a closing quote")
    }

    private mutating func byteSequence() throws(StructuredFieldError) -> [UInt8] {
        guard let end = bytes.firstIndex(of: UInt8(ascii: ":"), from: at + 1) else { throw error("a closing colon") }
        let text = bytes[at + 1..<end]
        let decoded = ByteBuffer(capacity: text.count)
        let padding: Base64.Padding = text.count & 3 == 0 ? .required : .absent
        guard Base64.decode(text, padding: padding, into: decoded) else { throw error("Base64") }
        at = end + 1
        return decoded.view.array
    }

    private mutating func boolean() throws(StructuredFieldError) -> Bool {
        at += 1
        if take(UInt8(ascii: "1")) { return true }
        if take(UInt8(ascii: "0")) { return false }
        throw error("0 or 1")
    }

    private mutating func date() throws(StructuredFieldError) -> Int64 {
        at += 1
        guard case .integer(let seconds) = try number() else { throw error("whole seconds") }
        return seconds
    }

    private mutating func displayString() throws(StructuredFieldError) -> String {
        at += 1
        guard take(UInt8(ascii: "\"")) else { throw error("a quote") }
        var utf8: [UInt8] = []
        while let byte = peek {
            at += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: utf8, as: UTF8.self) else { throw error("UTF-8") }
                return text
            case UInt8(ascii: "%"):
                guard at + 1 < bytes.count, let high = StructuredBytes.lowerHex(bytes[at]), let low = StructuredBytes.lowerHex(bytes[at + 1]) else {
                    throw error("two hexadecimal digits")
                }
                utf8.append(high << 4 | low)
                at += 2
            case 0x20...0x7e: utf8.append(byte)
            default: throw error("visible ASCII")
            }
        }
        throw error("a closing quote")
    }
}
