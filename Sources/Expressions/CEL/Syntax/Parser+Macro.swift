/// Macros look like calls (cel-spec, "Macros").
extension ExpressionParser {
    mutating func call(
        _ name: String, target: ExpressionSyntax?, _ arguments: [ExpressionSyntax], at offset: Int, isAbsolute: Bool
    ) throws(ExpressionError) -> ExpressionSyntax {
        if target == nil, !isAbsolute, name == "has", arguments.count == 1 { return try has(arguments[0], at: offset) }
        if let target, let macro = ExpressionSyntax.Macro(rawValue: name), arguments.count == 2 || (macro == .map && arguments.count == 3) {
            return try comprehension(macro, target, arguments, at: offset)
        }
        let children = (target.map { [$0] } ?? []) + arguments
        return try node(.call(name, target: target, arguments, isAbsolute: isAbsolute), at: offset, children)
    }

    private mutating func has(_ argument: ExpressionSyntax, at offset: Int) throws(ExpressionError) -> ExpressionSyntax {
        guard case .select(let operand, let field) = argument.kind else {
            if case .index = argument.kind {
                throw error("has() needs the selection of a field", at: argument.offset, remedy: "write \"key\" in map, or has(map.`key`)")
            }
            throw error("has() needs the selection of a field, such as has(request.headers.host)", at: argument.offset)
        }
        return try node(.has(operand, field: field), at: offset, [operand])
    }

    private mutating func comprehension(
        _ macro: ExpressionSyntax.Macro, _ range: ExpressionSyntax, _ arguments: [ExpressionSyntax], at offset: Int
    ) throws(ExpressionError) -> ExpressionSyntax {
        guard case .name(let variable, false) = arguments[0].kind else {
            throw error("the first argument of \(macro.rawValue)() is the name of a variable", at: arguments[0].offset)
        }
        let filter = arguments.count == 3 ? arguments[1] : nil
        let kind = ExpressionSyntax.Kind.comprehension(macro, over: range, variable: variable, filter: filter, body: arguments[arguments.count - 1])
        return try node(kind, at: offset, [range] + arguments)
    }
}
