/// Names, literals, calls and what follows them.
extension ExpressionParser {
    mutating func parseMember() throws(ExpressionError) -> ExpressionSyntax { try parseMember(of: parsePrimary()) }

    /// `.field`, `.call()` and `[index]` behind `start`.
    mutating func parseMember(of start: ExpressionSyntax) throws(ExpressionError) -> ExpressionSyntax {
        var operand = start
        while true {
            let offset = token.start
            if try take(.dot) {
                let (name, isQuoted) = try fieldName()
                if !isQuoted, try take(.leftParenthesis) {
                    let arguments = try parseArguments()
                    operand = try call(name, target: operand, arguments, at: offset + 1, isAbsolute: false)
                } else {
                    operand = try node(.select(operand, field: name), at: offset + 1, [operand])
                }
            } else if try take(.leftBracket) {
                let index = try parseExpression()
                try expect(.rightBracket)
                operand = try node(.index(operand, index), at: offset, [operand, index])
            } else if looksAt(.leftBrace) {
                throw error("messages such as Name{…} are not supported", remedy: "use a map: {\"field\": value}")
            } else {
                return operand
            }
        }
    }

    private mutating func fieldName() throws(ExpressionError) -> (name: String, isQuoted: Bool) {
        switch token.kind {
        case .name(let name) where !["in", "true", "false", "null"].contains(name):
            try advance()
            return (name, false)
        case .quotedName(let name):
            try advance()
            return (name, true)
        default: throw unexpected("the name of a field or function")
        }
    }

    private mutating func parseArguments() throws(ExpressionError) -> [ExpressionSyntax] {
        var arguments: [ExpressionSyntax] = []
        if try take(.rightParenthesis) { return [] }
        repeat { arguments.append(try parseExpression()) } while try take(.comma)
        try expect(.rightParenthesis)
        return arguments
    }

    private mutating func parsePrimary() throws(ExpressionError) -> ExpressionSyntax {
        let start = token.start
        switch token.kind {
        case .symbol(.dot):
            try advance()
            guard case .name(let name) = token.kind else { throw unexpected("a name") }
            return try parseName(name, at: token.start, isAbsolute: true)
        case .name("true"), .name("false"):
            return try node(.literal(.bool(advance().kind == .name("true"))), at: start)
        case .name("null"):
            try advance()
            return try node(.literal(.null), at: start)
        case .name(let name): return try parseName(name, at: start, isAbsolute: false)
        case .int(let value):
            guard let value = Int(exactly: value) else {
                throw error("the number is out of the range of an int", remedy: "append u for a uint")
            }
            try advance()
            return try node(.literal(.int(value)), at: start)
        case .uint(let value):
            try advance()
            return try node(.literal(.uint(value)), at: start)
        case .double(let value):
            try advance()
            return try node(.literal(.double(value)), at: start)
        case .string(let content):
            try advance()
            return try node(.literal(.string(content)), at: start)
        case .bytes(let content):
            try advance()
            return try node(.literal(.bytes(content)), at: start)
        case .symbol(.leftParenthesis):
            try advance()
            let inner = try parseExpression()
            try expect(.rightParenthesis)
            return inner
        case .symbol(.leftBracket): return try parseList()
        case .symbol(.leftBrace): return try parseMap()
        default: throw unexpected("a value")
        }
    }

    /// Words that may come to mean something (cel-spec, "Syntax").
    private static let reserved: Set<String> = [
        "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package", "namespace", "return", "var",
        "void", "while", "in",
    ]

    private mutating func parseName(_ name: String, at offset: Int, isAbsolute: Bool) throws(ExpressionError) -> ExpressionSyntax {
        if Self.reserved.contains(name) { throw error("\"\(name)\" is a reserved word", at: offset) }
        try advance()
        guard try take(.leftParenthesis) else { return try node(.name(name, isAbsolute: isAbsolute), at: offset) }
        let arguments = try parseArguments()
        return try call(name, target: nil, arguments, at: offset, isAbsolute: isAbsolute)
    }

    private mutating func parseList() throws(ExpressionError) -> ExpressionSyntax {
        let start = try advance().start
        var elements: [ExpressionSyntax] = []
        while !looksAt(.rightBracket) {
            elements.append(try parseExpression())
            guard try take(.comma) else { break }
        }
        try expect(.rightBracket)
        return try node(.list(elements), at: start, elements)
    }

    private mutating func parseMap() throws(ExpressionError) -> ExpressionSyntax {
        let start = try advance().start
        var entries: [(key: ExpressionSyntax, value: ExpressionSyntax)] = []
        while !looksAt(.rightBrace) {
            let key = try parseExpression()
            try expect(.colon)
            entries.append((key, try parseExpression()))
            guard try take(.comma) else { break }
        }
        try expect(.rightBrace)
        return try node(.map(entries), at: start, entries.map(\.key) + entries.map(\.value))
    }
}
