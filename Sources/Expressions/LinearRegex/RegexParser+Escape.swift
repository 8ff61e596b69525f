extension RegexParser {
    /// What a backslash begins.
    mutating func parseEscape() throws(SyntaxError) -> RegexNode {
        let start = position
        position += 1
        guard let scalar = current else { throw error("the pattern ends in a backslash; write \\\\ for the character", at: start) }
        position += 1
        switch scalar {
        case "d": return .set(.digit)
        case "D": return .set(ScalarSet.digit.inverted)
        case "w": return .set(.word)
        case "W": return .set(ScalarSet.word.inverted)
        case "s": return .set(.space)
        case "S": return .set(ScalarSet.space.inverted)
        case "A": return .assertion(.textStart)
        case "z": return .assertion(.textEnd)
        case "b": return .assertion(.wordBoundary)
        case "B": return .assertion(.notWordBoundary)
        case "n": return .character(0x0a)
        case "t": return .character(0x09)
        case "r": return .character(0x0d)
        case "f": return .character(0x0c)
        case "v": return .character(0x0b)
        case "a": return .character(0x07)
        case "x": return character(try parseHex(from: start))
        default: break
        }
        try refuse(scalar, at: start)
        return .character(scalar.value)
    }

    /// Lets through only escaped punctuation.
    private func refuse(_ scalar: Unicode.Scalar, at start: Int) throws(SyntaxError) {
        switch scalar {
        case "1"..."9", "k", "g":
            throw error("back-references are not supported: they cannot be matched in linear time; repeat the group's pattern", at: start)
        case "0": throw error("\\0 is not supported; write \\x00", at: start)
        case "Z": throw error("\\Z is not supported; write \\z, or $", at: start)
        case "p", "P": throw error("\\\(scalar) is not supported; write the ranges, as in [\\x{400}-\\x{4FF}]", at: start)
        case "u", "U": throw error("\\\(scalar) is not supported; write \\x{…}", at: start)
        case "a"..."z", "A"..."Z": throw error("unknown escape \\\(scalar)", at: start)
        case "\u{21}"..."\u{7e}", " ": return
        default: throw error("\"\(scalar)\" needs no backslash", at: start)
        }
    }

    /// `\xHH` or `\x{H…}`, after the "x".
    private mutating func parseHex(from start: Int) throws(SyntaxError) -> UInt32 {
        var value: UInt32 = 0
        var digits = 0
        let isBraced = take("{")
        while let scalar = current, let digit = Character(scalar).hexDigitValue, scalar.isASCII, digits < (isBraced ? 6 : 2) {
            value = value << 4 | UInt32(digit)
            digits += 1
            position += 1
        }
        let isComplete = isBraced ? digits > 0 && take("}") : digits == 2
        guard isComplete else { throw error("a character by number is written \\xHH or \\x{H…}", at: start) }
        guard Unicode.Scalar(value) != nil else { throw error("there is no character with this number", at: start) }
        return value
    }
}
