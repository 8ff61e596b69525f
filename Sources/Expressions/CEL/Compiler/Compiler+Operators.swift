internal import Primitives

/// Types and nodes of the operators.
extension ExpressionCompiler {
    mutating func compileNegation(_ operand: ExpressionSyntax, at offset: Int) -> CompiledExpression {
        let operand = compile(operand)
        let type: ExpressionType
        switch operand.type {
        case .int, .double, .dyn: type = operand.type
        default: return broken("there is no - for \(operand.type.withArticle)", at: offset)
        }
        return combine([operand], type, extent: .init(), UnaryCallNode(Arithmetic.negate, operand.node, at: UInt32(offset)))
    }

    mutating func compileBinary(
        _ symbol: Token.Symbol, _ left: ExpressionSyntax, _ right: ExpressionSyntax, at offset: Int
    ) -> CompiledExpression {
        let a = compile(left), b = compile(right)
        switch symbol {
        case .equal, .notEqual: return equality(a, b, isEqual: symbol == .equal, at: offset)
        case .less: return order(.less, a, b, symbol, at: offset)
        case .lessOrEqual: return order(.lessOrEqual, a, b, symbol, at: offset)
        case .greater: return order(.greater, a, b, symbol, at: offset)
        case .greaterOrEqual: return order(.greaterOrEqual, a, b, symbol, at: offset)
        default: return arithmetic(symbol, a, b, at: offset)
        }
    }

    private func comparisonCost(_ a: CompiledExpression, _ b: CompiledExpression) -> Steps {
        Steps(1 + min(a.extent.bytes, b.extent.bytes) >> 4) * Steps(max(1, min(a.extent.elements, b.extent.elements)))
    }

    private mutating func equality(_ a: CompiledExpression, _ b: CompiledExpression, isEqual: Bool, at offset: Int) -> CompiledExpression {
        guard a.type.agrees(with: b.type) else { return mismatch(isEqual ? "==" : "!=", a, b, at: offset) }
        let node = EqualNode(a.node, b.node, isEqual: isEqual, at: UInt32(offset))
        return combine([a, b], .bool, cost: comparisonCost(a, b), extent: .init(), node)
    }

    private static let ordered: [ExpressionType] = [.int, .uint, .double, .string, .bytes, .bool, .timestamp, .duration]

    private mutating func order(
        _ operation: OrderNode.Operation, _ a: CompiledExpression, _ b: CompiledExpression, _ symbol: Token.Symbol, at offset: Int
    ) -> CompiledExpression {
        let areOrdered = [a, b].allSatisfy { $0.type == .dyn || Self.ordered.contains($0.type) }
        guard areOrdered, a.type.agrees(with: b.type) || (a.type.isNumeric && b.type.isNumeric) else {
            return mismatch(symbol.rawValue, a, b, at: offset)
        }
        let node = OrderNode(operation, a.node, b.node, at: UInt32(offset))
        return combine([a, b], .bool, cost: comparisonCost(a, b), extent: .init(), node)
    }

    private mutating func arithmetic(
        _ symbol: Token.Symbol, _ a: CompiledExpression, _ b: CompiledExpression, at offset: Int
    ) -> CompiledExpression {
        guard let (overloads, function) = ExpressionFunction.operation(symbol) else { return mismatch(symbol.rawValue, a, b, at: offset) }
        var results = overloads.filter { $0.parameters[0].agrees(with: a.type) && $0.parameters[1].agrees(with: b.type) }.map(\.result)
        if symbol == .plus, a.type.agrees(with: .list(.dyn)), b.type.agrees(with: .list(.dyn)), a.type.agrees(with: b.type) {
            results.append(a.type == .dyn || b.type == .dyn ? .list(.dyn) : a.type.joined(with: b.type))
        }
        guard let first = results.first else { return mismatch(symbol.rawValue, a, b, at: offset) }
        let type = results.dropFirst().reduce(first) { $0.joined(with: $1) }
        let extent = CompiledExpression.Extent(bytes: a.extent.bytes + b.extent.bytes, elements: a.extent.elements + b.extent.elements)
        let cost = symbol == .plus ? Steps(1 + extent.bytes >> 2 + extent.elements) : 1
        return combine(
            [a, b], type, cost: cost, extent: symbol == .plus ? extent : .init(), BinaryCallNode(function, a.node, b.node, at: UInt32(offset)))
    }

    private mutating func mismatch(_ symbol: String, _ a: CompiledExpression, _ b: CompiledExpression, at offset: Int) -> CompiledExpression {
        var remedy: String?
        if a.type.isNumeric, b.type.isNumeric {
            remedy = "convert one of them with int(), uint() or double()"
        } else if a.type == .null || b.type == .null {
            remedy = "only values of unknown type can be null; to ask whether there is an entry, use has() or \"key\" in map"
        } else if a.type == .string || b.type == .string {
            remedy = "convert one of them with string() or \(a.type == .string ? b.type : a.type)()"
        }
        return broken("there is no \(symbol) for \(a.type.withArticle) and \(b.type.withArticle)", at: offset, remedy: remedy)
    }
}
