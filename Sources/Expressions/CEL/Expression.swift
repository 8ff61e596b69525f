/// A compiled expression of the Common Expression Language (https://github.com/google/cel-spec, without protocol buffer messages).
///
/// Immutable, and shared by event loops; each has an evaluator of its own. Comparing headers, paths and numbers allocates nothing.
package final class Expression: @unchecked Sendable {
    /// As it was written.
    package let text: String
    package let type: ExpressionType
    /// What it asks the host for, maps included.
    package let variables: Set<UInt16>
    /// Steps that it may take, by estimate.
    package let estimatedCost: Int
    private let root: ExpressionNode
    private let localCount: Int
    private let budget: Int
    /// Owns the text of constants, which nodes view.
    private let constants: ExpressionArena

    /// Parses, checks and compiles. `expecting` is what the value has to be; a `dyn` value is looked at when it is there.
    package init(
        _ text: String, in environment: ExpressionEnvironment, expecting: ExpressionType? = nil, limits: ExpressionLimits = .standard
    ) throws(ExpressionError) {
        let bytes = Array(text.utf8)
        let tree = try ExpressionParser.parse(bytes, limits)
        constants = ExpressionArena()
        var compiler = ExpressionCompiler(text: bytes, environment: environment, limits: limits, constants: constants)
        var part = compiler.compile(tree)
        if let expecting, expecting != .dyn {
            if !part.type.agrees(with: expecting) {
                let remedy = expecting == .string ? "wrap it in string()" : nil
                part = compiler.broken("the expression must be \(expecting.withArticle), and is \(part.type.withArticle)", at: 0, remedy: remedy)
            } else if part.type == .dyn {
                part.node = ExpectNode(part.node, expecting)
                part.type = expecting
            }
        }
        if compiler.errors.isEmpty, part.cost.count > limits.cost {
            let cost = part.cost.count == Steps.most ? "more than \(Steps.most)" : "up to \(part.cost.count)"
            _ = compiler.broken(
                "the expression may cost \(cost) steps, the limit is \(limits.cost)", at: 0,
                remedy: "nest fewer of all(), exists(), filter() and map()")
        }
        var errors = compiler.errors.sorted { $0.offset < $1.offset }[...]
        if var first = errors.popFirst() {
            first.others = Array(errors)
            throw first
        }
        self.text = text
        type = part.type
        variables = compiler.mentioned
        estimatedCost = part.cost.count
        root = part.node
        localCount = compiler.mostLocals
        budget = limits.cost
    }

    /// The value, when it is the same each time: valid while the expression lives.
    package var constant: ExpressionValue? { root.constant }

    /// The value, or `.error`, which `evaluator.lastError` keeps. Valid until the next evaluation with the same evaluator.
    package func evaluate(_ variables: any ExpressionVariables, with evaluator: ExpressionEvaluator) -> ExpressionValue {
        evaluator.prepare(locals: localCount, limit: budget)
        let value = root.evaluate(ExpressionContext(evaluator: evaluator, variables: variables))
        if case .error(let failure) = value { evaluator.lastError = failure }
        return value
    }

    /// Whether a condition holds; nil when it has no value, and then `evaluator.lastError` says why.
    package func test(_ variables: any ExpressionVariables, with evaluator: ExpressionEvaluator) -> Bool? {
        switch evaluate(variables, with: evaluator) {
        case .bool(let flag): return flag
        case .error: return nil
        default:
            evaluator.lastError = ExpressionFailure(.noSuchOverload, at: 0)
            return nil
        }
    }

    /// "no such key at 1:17", for logs.
    package func describe(_ failure: ExpressionFailure) -> String {
        guard let offset = failure.offset else { return failure.description }
        let place = ExpressionError(failure.description, at: Int(offset), in: Array(text.utf8))
        return "\(failure) at \(place.line):\(place.column)"
    }
}
