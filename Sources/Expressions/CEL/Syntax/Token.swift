/// A lexical element of an expression.
struct Token: Equatable {
    let kind: Kind
    /// Offsets of the first byte, and of the first byte behind.
    let start: Int, end: Int

    enum Kind: Equatable {
        case name(String)
        /// `` `x-user` ``: the name of a field that is no identifier.
        case quotedName(String)
        /// Without a sign; `-` belongs to the parser, which joins it to the digits.
        case int(UInt)
        case uint(UInt)
        case double(Double)
        case string([UInt8])
        case bytes([UInt8])
        case symbol(Symbol)
        case end
    }

    enum Symbol: String, CaseIterable {
        case or = "||"
        case and = "&&"
        case equal = "=="
        case notEqual = "!="
        case lessOrEqual = "<="
        case greaterOrEqual = ">="
        case less = "<"
        case greater = ">"
        case plus = "+"
        case minus = "-"
        case times = "*"
        case divide = "/"
        case modulo = "%"
        case not = "!"
        case question = "?"
        case colon = ":"
        case comma = ","
        case dot = "."
        case leftParenthesis = "("
        case rightParenthesis = ")"
        case leftBracket = "["
        case rightBracket = "]"
        case leftBrace = "{"
        case rightBrace = "}"
    }
}

extension Token {
    /// For "… expected, … found".
    var description: String {
        switch kind {
        case .name(let name), .quotedName(let name): "\"\(name)\""
        case .int, .uint, .double: "a number"
        case .string: "a string"
        case .bytes: "bytes"
        case .symbol(let symbol): "\"\(symbol.rawValue)\""
        case .end: "the end"
        }
    }
}
