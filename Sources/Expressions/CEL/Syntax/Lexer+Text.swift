internal import Primitives

/// `STRING_LIT` and `BYTES_LIT` of cel-spec: single and double quotes, once or three times, raw with `r`, bytes with `b`.
extension ExpressionLexer {
    /// Nil when none begins here.
    mutating func quotedLiteral() throws(ExpressionError) -> Token.Kind? {
        var prefix = 0
        var isBytes = false, isRaw = false
        if let first = byte(prefix), first | 0x20 == UInt8(ascii: "b") { (isBytes, prefix) = (true, prefix + 1) }
        if let next = byte(prefix), next | 0x20 == UInt8(ascii: "r") { (isRaw, prefix) = (true, prefix + 1) }
        guard let quote = byte(prefix), quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { return nil }
        let start = position
        position += prefix + 1
        let isTriple = byte() == quote && byte(1) == quote
        if isTriple { position += 2 }
        var content: [UInt8] = []
        while true {
            guard let byte = byte() else { throw error("the \(isBytes ? "bytes literal" : "string") does not end", at: start) }
            if byte == quote, !isTriple || (self.byte(1) == quote && self.byte(2) == quote) {
                position += isTriple ? 3 : 1
                return isBytes ? .bytes(content) : .string(content)
            }
            if byte == 0x0a || byte == 0x0d, !isTriple {
                throw error("the string does not end on its line", at: start, remedy: "write \\n for a new line, or use three quotes")
            }
            if byte == UInt8(ascii: "\\"), !isRaw {
                try appendEscape(to: &content, isBytes: isBytes)
            } else {
                content.append(byte)
                position += 1
            }
        }
    }

    private mutating func appendEscape(to content: inout [UInt8], isBytes: Bool) throws(ExpressionError) {
        let start = position
        guard let letter = byte(1) else { throw error("the string does not end", at: start) }
        position += 2
        if let plain = Self.escapes[letter] { return content.append(plain) }
        let value: UInt32
        switch letter {
        case UInt8(ascii: "x"), UInt8(ascii: "X"): value = try digits(2, radix: 16, start)
        case UInt8(ascii: "u") where !isBytes: value = try digits(4, radix: 16, start)
        case UInt8(ascii: "U") where !isBytes: value = try digits(8, radix: 16, start)
        case UInt8(ascii: "0")...UInt8(ascii: "3"):
            position -= 1
            value = try digits(3, radix: 8, start)
        default:
            throw error("no such escape sequence", at: start, remedy: "write \\\\ for a backslash, or put r before the quotes")
        }
        if isBytes { return content.append(UInt8(truncatingIfNeeded: value)) }
        guard let scalar = Unicode.Scalar(value) else { throw error("the escape sequence is no Unicode code point", at: start) }
        content.append(contentsOf: Array(String(Character(scalar)).utf8))
    }

    private static let escapes: [UInt8: UInt8] = [
        UInt8(ascii: "a"): 7, UInt8(ascii: "b"): 8, UInt8(ascii: "f"): 12, UInt8(ascii: "n"): 10, UInt8(ascii: "r"): 13, UInt8(ascii: "t"): 9,
        UInt8(ascii: "v"): 11, UInt8(ascii: "\\"): UInt8(ascii: "\\"), UInt8(ascii: "?"): UInt8(ascii: "?"), UInt8(ascii: "\""): UInt8(ascii: "\""),
        UInt8(ascii: "'"): UInt8(ascii: "'"), UInt8(ascii: "`"): UInt8(ascii: "`"),
    ]

    private mutating func digits(_ count: Int, radix: UInt32, _ start: Int) throws(ExpressionError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let byte = byte(), let digit = ASCII.hexValue(byte), UInt32(digit) < radix else {
                throw error("the escape sequence needs \(count) \(radix == 8 ? "octal" : "hexadecimal") digits", at: start)
            }
            value = value &* radix &+ UInt32(digit)
            position += 1
        }
        return value
    }
}
