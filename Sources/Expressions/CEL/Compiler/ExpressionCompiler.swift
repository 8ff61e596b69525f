internal import Primitives

/// Resolves names, checks types, estimates costs, computes what is constant, and makes the nodes that are evaluated. Errors are collected: a
/// part with an error stands in as `dyn`, so that the rest is still checked.
struct ExpressionCompiler {
    let text: [UInt8]
    let environment: ExpressionEnvironment
    let limits: ExpressionLimits
    /// Text of constants, which lives as long as the expression.
    let constants: ExpressionArena
    var errors: [ExpressionError] = []
    var mentioned: Set<UInt16> = []
    /// Macro variables around the current place, innermost last; their slots are their places here.
    var locals: [Local] = []
    var mostLocals = 0
    /// For what is computed at load.
    let evaluator = ExpressionEvaluator()

    struct Local {
        let name: String
        let type: ExpressionType
        let extent: CompiledExpression.Extent
    }

    init(text: [UInt8], environment: ExpressionEnvironment, limits: ExpressionLimits, constants: ExpressionArena) {
        self.text = text
        self.environment = environment
        self.limits = limits
        self.constants = constants
    }

    // MARK: Errors

    /// Notes the error, and stands in for the part that has it.
    mutating func broken(_ message: String, at offset: Int, remedy: String? = nil) -> CompiledExpression {
        errors.append(ExpressionError(message, at: offset, in: text, remedy: remedy))
        // It counts as coming from the host, so that nothing of it is computed at load.
        return CompiledExpression(node: ConstantNode(.null), type: .dyn, cost: 1, extent: .init(), usesHost: true)
    }

    // MARK: Parts

    mutating func compile(_ syntax: ExpressionSyntax) -> CompiledExpression {
        let offset = UInt32(syntax.offset)
        switch syntax.kind {
        case .literal(let literal): return compile(literal)
        case .name, .select:
            let operand = compileOperand(syntax)
            return value(of: operand, at: syntax.offset)
        case .has(let operand, let field): return compileHas(operand, field, at: syntax.offset)
        case .index(let operand, let index): return compileIndex(operand, index, at: syntax.offset)
        case .not(let operand):
            let operand = condition(operand, "!")
            return combine([operand], .bool, extent: .init(), NotNode(operand.node, at: offset))
        case .negate(let operand): return compileNegation(operand, at: syntax.offset)
        case .binary(let symbol, let left, let right): return compileBinary(symbol, left, right, at: syntax.offset)
        case .membership(let value, let collection): return compileMembership(value, collection, at: syntax.offset)
        case .logic(let isAnd, let operands):
            let parts = operands.map { condition($0, isAnd ? "&&" : "||") }
            return combine(parts, .bool, extent: .init(), LogicNode(isAnd: isAnd, parts.map(\.node), at: offset))
        case .conditional(let test, let yes, let no): return compileConditional(test, yes, no, at: syntax.offset)
        case .call(let name, let target, let arguments, let isAbsolute):
            return compileCall(name, target, arguments, isAbsolute: isAbsolute, at: syntax.offset)
        case .list(let elements): return compileList(elements, at: syntax.offset)
        case .map(let entries): return compileMap(entries, at: syntax.offset)
        case .comprehension(let macro, let range, let variable, let filter, let body):
            return compileComprehension(macro, over: range, variable, filter, body, at: syntax.offset)
        }
    }

    private func compile(_ literal: ExpressionSyntax.Literal) -> CompiledExpression {
        switch literal {
        case .null: constant(.null, .null)
        case .bool(let flag): constant(.bool(flag), .bool)
        case .int(let number): constant(.int(number), .int)
        case .uint(let number): constant(.uint(number), .uint)
        case .double(let number): constant(.double(number), .double)
        case .string(let content): constant(.string(constants.copy(content)), .string)
        case .bytes(let content): constant(.bytes(constants.copy(content)), .bytes)
        }
    }

    /// A part that must be true or false.
    mutating func condition(_ syntax: ExpressionSyntax, _ operation: String) -> CompiledExpression {
        let part = compile(syntax)
        guard part.type.agrees(with: .bool) else {
            return broken("\(operation) needs a bool, and this is \(part.type.withArticle)", at: syntax.offset)
        }
        return part
    }

    private mutating func compileConditional(
        _ test: ExpressionSyntax, _ yes: ExpressionSyntax, _ no: ExpressionSyntax, at offset: Int
    ) -> CompiledExpression {
        let test = condition(test, "?:"), yes = compile(yes), no = compile(no)
        guard yes.type.agrees(with: no.type) else {
            return broken(
                "both results of ?: need the same type, and these are \(yes.type.withArticle) and \(no.type.withArticle)", at: offset,
                remedy: "convert one, or wrap one in dyn()")
        }
        // A constant condition leaves one of the two.
        if case .bool(let flag)? = test.node.constant { return flag ? yes : no }
        let extent = CompiledExpression.Extent(
            bytes: max(yes.extent.bytes, no.extent.bytes), elements: max(yes.extent.elements, no.extent.elements))
        let node = ConditionalNode(test.node, yes.node, no.node, at: UInt32(offset))
        var part = combine([test, yes, no], yes.type.joined(with: no.type), extent: extent, node)
        part.cost = test.cost + max(yes.cost, no.cost) + 1
        return part
    }

    // MARK: Putting parts together

    /// A node of `parts`, computed at once if they are constant.
    mutating func combine(
        _ parts: [CompiledExpression], _ type: ExpressionType, cost: Steps = 1, extent: CompiledExpression.Extent, _ node: ExpressionNode
    ) -> CompiledExpression {
        var whole = CompiledExpression(node: node, type: type, cost: cost, extent: extent)
        for part in parts {
            whole.cost += part.cost
            whole.lowestLocal = min(whole.lowestLocal, part.lowestLocal)
            whole.usesHost = whole.usesHost || part.usesHost
        }
        return folded(whole)
    }

    /// What may be anything that a request brings.
    func unknownExtent(_ type: ExpressionType) -> CompiledExpression.Extent {
        switch type {
        case .string, .bytes: .init(bytes: limits.assumedBytes)
        case .list, .map, .dyn: .init(bytes: limits.assumedBytes, elements: limits.assumedElements)
        default: .init()
        }
    }
}

extension ExpressionType {
    var withArticle: String {
        let name = "\(self)"
        return ("aeiou".contains(name.prefix(1)) && self != .uint ? "an " : "a ") + name
    }
}
