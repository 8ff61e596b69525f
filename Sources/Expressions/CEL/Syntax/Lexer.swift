internal import Primitives

/// Cuts an expression into tokens (cel-spec, "Syntax").
struct ExpressionLexer {
    let text: [UInt8]
    var position = 0

    func byte(_ distance: Int = 0) -> UInt8? { position + distance < text.count ? text[position + distance] : nil }

    func error(_ message: String, at offset: Int, remedy: String? = nil) -> ExpressionError {
        ExpressionError(message, at: offset, in: text, remedy: remedy)
    }

    mutating func next() throws(ExpressionError) -> Token {
        skipBlanks()
        let start = position
        let kind = try kind()
        return Token(kind: kind, start: start, end: position)
    }

    private mutating func skipBlanks() {
        while let byte = byte() {
            switch byte {
            case 0x20, 0x09, 0x0a, 0x0c, 0x0d: position += 1
            case UInt8(ascii: "/") where self.byte(1) == UInt8(ascii: "/"):
                while let byte = self.byte(), byte != 0x0a { _ = (byte, position += 1) }
            default: return
            }
        }
    }

    private mutating func kind() throws(ExpressionError) -> Token.Kind {
        guard let first = byte() else { return .end }
        if ASCII.isDigit(first) || (first == UInt8(ascii: ".") && byte(1).map(ASCII.isDigit) == true) { return try number() }
        if let literal = try quotedLiteral() { return literal }
        if Self.beginsName(first) { return .name(name()) }
        if first == UInt8(ascii: "`") { return try quotedName() }
        for length in [2, 1] where position + length <= text.count {
            let candidate = String(decoding: text[position..<position + length], as: UTF8.self)
            if let symbol = Token.Symbol(rawValue: candidate) {
                position += length
                return .symbol(symbol)
            }
        }
        throw unknownCharacter(first)
    }

    private func unknownCharacter(_ first: UInt8) -> ExpressionError {
        switch first {
        case UInt8(ascii: "="): return error("\"=\" is no operator", at: position, remedy: "write == to compare")
        case UInt8(ascii: "&"): return error("\"&\" is no operator", at: position, remedy: "write && for \"and\", math.bitAnd() for bits")
        case UInt8(ascii: "|"): return error("\"|\" is no operator", at: position, remedy: "write || for \"or\", math.bitOr() for bits")
        default:
            let scalar = String(decoding: text[position...].prefix(4), as: UTF8.self).unicodeScalars.first.map(String.init) ?? "?"
            return error("\"\(scalar)\" has no meaning here", at: position, remedy: "put text in quotes")
        }
    }

    static func beginsName(_ byte: UInt8) -> Bool { ASCII.isLetter(byte) || byte == UInt8(ascii: "_") }

    private mutating func name() -> String {
        let start = position
        while let byte = byte(), Self.beginsName(byte) || ASCII.isDigit(byte) { position += 1 }
        return String(decoding: text[start..<position], as: UTF8.self)
    }

    private mutating func quotedName() throws(ExpressionError) -> Token.Kind {
        let start = position
        position += 1
        while let byte = byte(), byte != UInt8(ascii: "`"), byte >= 0x20 { position += 1 }
        guard byte() == UInt8(ascii: "`"), position > start + 1 else { throw error("the name in backticks does not end", at: start) }
        position += 1
        return .quotedName(String(decoding: text[start + 1..<position - 1], as: UTF8.self))
    }
}
