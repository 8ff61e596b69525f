internal import Primitives

/// What can be computed at load.
extension ExpressionCompiler {
    func constant(_ value: ExpressionValue, _ type: ExpressionType) -> CompiledExpression {
        CompiledExpression(node: ConstantNode(value), type: type, cost: 0, extent: extent(of: value))
    }

    /// The value in place of the part, if it is the same each time and there is one. What fails is left to fail at run time, where `&&` and `||`
    /// may make it irrelevant.
    func folded(_ part: CompiledExpression) -> CompiledExpression {
        guard part.isConstant, part.cost.count <= limits.cost else { return part }
        let value = evaluateNow(part.node)
        return value.isError ? part : constant(kept(value), part.type)
    }

    func evaluateNow(_ node: ExpressionNode) -> ExpressionValue {
        evaluator.prepare(locals: mostLocals, limit: limits.cost)
        return node.evaluate(ExpressionContext(evaluator: evaluator, variables: NoVariables.shared))
    }

    /// The same value with all its text among the constants.
    private func kept(_ value: ExpressionValue) -> ExpressionValue {
        switch value {
        case .string(let text): return .string(constants.copy(text))
        case .bytes(let bytes): return .bytes(constants.copy(bytes))
        case .list(let list): return .list(ExpressionList(list.elements.map(kept)))
        case .map(let map):
            let entries = zip(map.keys, map.values).map { (key: kept($0), value: kept($1)) }
            return ExpressionMap(entries).map { .map($0) } ?? value
        default: return value
        }
    }

    private func extent(of value: ExpressionValue) -> CompiledExpression.Extent {
        switch value {
        case .string(let text), .bytes(let text): .init(bytes: text.count)
        case .list(let list): .init(bytes: list.elements.map { extent(of: $0).bytes }.max() ?? 0, elements: list.elements.count)
        case .map(let map):
            .init(bytes: (map.keys + map.values).map { extent(of: $0).bytes }.max() ?? 0, elements: map.keys.count)
        default: .init()
        }
    }
}

/// For expressions that name no variable.
final class NoVariables: ExpressionVariables, Sendable {
    static let shared = NoVariables()

    func value(_ id: UInt16, _ scratch: ByteBuffer) -> ExpressionValue? { nil }
    func entry(_ id: UInt16, key: ByteView, _ scratch: ByteBuffer) -> ExpressionValue? { nil }
    func whole(_ id: UInt16) -> ExpressionValue? { nil }
}
