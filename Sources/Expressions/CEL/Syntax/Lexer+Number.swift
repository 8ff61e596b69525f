internal import Primitives

extension ExpressionLexer {
    /// `INT_LIT`, `UINT_LIT` and `FLOAT_LIT` of cel-spec, without their sign.
    mutating func number() throws(ExpressionError) -> Token.Kind {
        let start = position
        if byte() == UInt8(ascii: "0"), byte(1) == UInt8(ascii: "x") || byte(1) == UInt8(ascii: "X") {
            position += 2
            let digits = skip { ASCII.hexValue($0) != nil }
            return try integer(digits, radix: 16, start)
        }
        let digits = skip(ASCII.isDigit)
        var isDouble = false
        if byte() == UInt8(ascii: "."), byte(1).map(ASCII.isDigit) == true {
            position += 1
            _ = skip(ASCII.isDigit)
            isDouble = true
        }
        if byte() == UInt8(ascii: "e") || byte() == UInt8(ascii: "E") {
            let hasSign = byte(1) == UInt8(ascii: "+") || byte(1) == UInt8(ascii: "-")
            if byte(hasSign ? 2 : 1).map(ASCII.isDigit) == true {
                position += hasSign ? 2 : 1
                _ = skip(ASCII.isDigit)
                isDouble = true
            }
        }
        guard isDouble else { return try integer(digits, radix: 10, start) }
        guard let value = Double(String(decoding: text[start..<position], as: UTF8.self)), value.isFinite else {
            throw error("the number is out of the range of a double", at: start)
        }
        try checkEnd(start)
        return .double(value)
    }

    private mutating func integer(_ digits: Range<Int>, radix: Int, _ start: Int) throws(ExpressionError) -> Token.Kind {
        guard !digits.isEmpty else { throw error("0x needs hexadecimal digits", at: start) }
        let isUnsigned = byte() == UInt8(ascii: "u") || byte() == UInt8(ascii: "U")
        if isUnsigned { position += 1 }
        try checkEnd(start)
        guard let value = UInt(String(decoding: text[digits], as: UTF8.self), radix: radix) else {
            throw error("the number does not fit in 64 bits", at: start)
        }
        return isUnsigned ? .uint(value) : .int(value)
    }

    private func checkEnd(_ start: Int) throws(ExpressionError) {
        if let byte = byte(), Self.beginsName(byte) { throw error("a letter follows the number", at: position) }
    }

    private mutating func skip(_ isMember: (UInt8) -> Bool) -> Range<Int> {
        let start = position
        while let byte = byte(), isMember(byte) { position += 1 }
        return start..<position
    }
}
