/// Recursive descent over the grammar of cel-spec.
struct ExpressionParser {
    var lexer: ExpressionLexer
    var token: Token
    let limits: ExpressionLimits
    private var nodes = 0
    /// Expressions that are being parsed around the current one.
    private var nesting = 0

    static func parse(_ text: [UInt8], _ limits: ExpressionLimits) throws(ExpressionError) -> ExpressionSyntax {
        guard text.count <= limits.length else {
            throw ExpressionError("the expression has \(text.count) bytes, the limit is \(limits.length)", at: 0, in: text)
        }
        var parser = try ExpressionParser(text, limits)
        if parser.token.kind == .end { throw parser.error("the expression is empty", at: 0) }
        let tree = try parser.parseExpression()
        guard parser.token.kind == .end else { throw parser.unexpected("an operator or the end") }
        return tree
    }

    private init(_ text: [UInt8], _ limits: ExpressionLimits) throws(ExpressionError) {
        lexer = ExpressionLexer(text: text)
        self.limits = limits
        token = try lexer.next()
    }

    // MARK: Tokens

    func error(_ message: String, at offset: Int? = nil, remedy: String? = nil) -> ExpressionError {
        lexer.error(message, at: offset ?? token.start, remedy: remedy)
    }

    func unexpected(_ expected: String) -> ExpressionError {
        error(token.kind == .end ? "the expression ends where \(expected) is expected" : "\(token.description) stands where \(expected) is expected")
    }

    @discardableResult mutating func advance() throws(ExpressionError) -> Token {
        let current = token
        token = try lexer.next()
        return current
    }

    func looksAt(_ symbol: Token.Symbol) -> Bool { token.kind == .symbol(symbol) }

    mutating func take(_ symbol: Token.Symbol) throws(ExpressionError) -> Bool {
        guard looksAt(symbol) else { return false }
        try advance()
        return true
    }

    mutating func expect(_ symbol: Token.Symbol) throws(ExpressionError) {
        guard try take(symbol) else { throw unexpected("\"\(symbol.rawValue)\"") }
    }

    // MARK: Nodes

    mutating func node(_ kind: ExpressionSyntax.Kind, at offset: Int, _ children: [ExpressionSyntax] = []) throws(ExpressionError) -> ExpressionSyntax
    {
        nodes += 1
        guard nodes <= limits.nodes else { throw error("the expression has more than \(limits.nodes) parts", at: offset) }
        let depth = 1 + (children.lazy.map(\.depth).max() ?? 0)
        guard depth <= limits.depth else { throw tooDeep(offset) }
        return ExpressionSyntax(kind, at: offset, depth: depth)
    }

    private func tooDeep(_ offset: Int) -> ExpressionError {
        error("the expression is nested deeper than \(limits.depth) levels", at: offset)
    }

    // MARK: Operators

    mutating func parseExpression() throws(ExpressionError) -> ExpressionSyntax {
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= limits.depth else { throw tooDeep(token.start) }
        let condition = try parseBinary(1)
        let offset = token.start
        guard try take(.question) else { return condition }
        let yes = try parseBinary(1)
        try expect(.colon)
        let no = try parseExpression()
        return try node(.conditional(condition, yes, no), at: offset, [condition, yes, no])
    }

    /// Operators by how tightly they bind; nil for tokens that are none.
    private var precedence: Int? {
        switch token.kind {
        case .name("in"): 3
        case .symbol(let symbol):
            switch symbol {
            case .or: 1
            case .and: 2
            case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: 3
            case .plus, .minus: 4
            case .times, .divide, .modulo: 5
            default: nil
            }
        default: nil
        }
    }

    private mutating func parseBinary(_ lowest: Int) throws(ExpressionError) -> ExpressionSyntax {
        var left = try parseUnary()
        while let precedence, precedence >= lowest {
            let operation = try advance()
            let right = try parseBinary(precedence + 1)
            switch operation.kind {
            case .symbol(.or): left = try parseLogic(false, [left, right], operation)
            case .symbol(.and): left = try parseLogic(true, [left, right], operation)
            case .symbol(let symbol): left = try node(.binary(symbol, left, right), at: operation.start, [left, right])
            default: left = try node(.membership(left, in: right), at: operation.start, [left, right])
            }
        }
        return left
    }

    /// The rest of a chain of the same operator: one node, however long it is.
    private mutating func parseLogic(_ isAnd: Bool, _ first: [ExpressionSyntax], _ operation: Token) throws(ExpressionError) -> ExpressionSyntax {
        var operands = first
        while try take(isAnd ? .and : .or) { operands.append(try parseBinary(isAnd ? 3 : 2)) }
        return try node(.logic(isAnd: isAnd, operands), at: operation.start, operands)
    }

    private mutating func parseUnary() throws(ExpressionError) -> ExpressionSyntax {
        var offsets: [Int] = []
        let isNot = looksAt(.not)
        guard isNot || looksAt(.minus) else { return try parseMember() }
        while looksAt(isNot ? .not : .minus) {
            offsets.append(try advance().start)
            guard offsets.count <= limits.depth else { throw tooDeep(token.start) }
        }
        var operand: ExpressionSyntax
        if !isNot, let literal = try negativeLiteral() {
            operand = try parseMember(of: node(.literal(literal), at: offsets.removeLast()))
        } else {
            operand = try parseMember()
        }
        for offset in offsets.reversed() { operand = try node(isNot ? .not(operand) : .negate(operand), at: offset, [operand]) }
        return operand
    }

    /// Numbers behind a minus, which is a part of them: the lowest int has no positive counterpart.
    private mutating func negativeLiteral() throws(ExpressionError) -> ExpressionSyntax.Literal? {
        switch token.kind {
        case .int(let magnitude):
            guard magnitude <= UInt(Int.max) + 1 else { throw error("the number is out of the range of an int") }
            try advance()
            return .int(Int(truncatingIfNeeded: 0 &- magnitude))
        case .double(let value):
            try advance()
            return .double(-value)
        default: return nil
        }
    }
}
