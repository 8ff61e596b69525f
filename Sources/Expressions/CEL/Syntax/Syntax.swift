/// A parsed expression, macros recognised, names not yet resolved.
final class ExpressionSyntax {
    let kind: Kind
    /// Where to point: the operator of operators, the first byte of everything else.
    let offset: Int
    /// Levels of expressions below this one, itself included.
    let depth: Int

    init(_ kind: Kind, at offset: Int, depth: Int) {
        self.kind = kind
        self.offset = offset
        self.depth = depth
    }

    enum Kind {
        case literal(Literal)
        /// `.name` is never a variable of a macro.
        case name(String, isAbsolute: Bool)
        case select(ExpressionSyntax, field: String)
        /// `has(operand.field)`
        case has(ExpressionSyntax, field: String)
        case index(ExpressionSyntax, ExpressionSyntax)
        case not(ExpressionSyntax)
        case negate(ExpressionSyntax)
        case binary(Token.Symbol, ExpressionSyntax, ExpressionSyntax)
        case membership(ExpressionSyntax, in: ExpressionSyntax)
        /// `&&` or `||` of two or more.
        case logic(isAnd: Bool, [ExpressionSyntax])
        case conditional(ExpressionSyntax, ExpressionSyntax, ExpressionSyntax)
        case call(String, target: ExpressionSyntax?, [ExpressionSyntax], isAbsolute: Bool)
        case list([ExpressionSyntax])
        case map([(key: ExpressionSyntax, value: ExpressionSyntax)])
        case comprehension(Macro, over: ExpressionSyntax, variable: String, filter: ExpressionSyntax?, body: ExpressionSyntax)
    }

    enum Literal {
        case null, bool(Bool), int(Int), uint(UInt), double(Double), string([UInt8]), bytes([UInt8])
    }

    /// Macros that walk a list or the keys of a map.
    enum Macro: String {
        case all, exists, filter, map
        case existsOne = "exists_one"
    }
}
