/// Macros that walk a list or the keys of a map.
extension ExpressionCompiler {
    mutating func compileComprehension(
        _ macro: ExpressionSyntax.Macro, over range: ExpressionSyntax, _ variable: String, _ filter: ExpressionSyntax?, _ body: ExpressionSyntax,
        at offset: Int
    ) -> CompiledExpression {
        let range = compile(range)
        let element: ExpressionType
        switch range.type {
        case .list(let type), .map(let type, _): element = type
        case .dyn: element = .dyn
        default: return broken("\(macro.rawValue)() walks lists and maps, and this is \(range.type.withArticle)", at: offset)
        }
        let slot = locals.count
        locals.append(Local(name: variable, type: element, extent: elementExtent(range.extent, element)))
        mostLocals = max(mostLocals, locals.count)
        let test = filter.map { condition($0, "map()") }
        let part = macro == .map ? compile(body) : condition(body, "\(macro.rawValue)()")
        locals.removeLast()

        let place = UInt32(offset)
        let node: ExpressionNode, type: ExpressionType
        var extent = CompiledExpression.Extent()
        switch macro {
        case .all, .exists:
            (node, type) = (QuantifierNode(range.node, slot: slot, body: part.node, isAll: macro == .all, at: place), .bool)
        case .existsOne: (node, type) = (ExistsOneNode(range.node, slot: slot, body: part.node, at: place), .bool)
        case .filter:
            (node, type) = (FilterNode(range.node, slot: slot, body: part.node, at: place), .list(element))
            extent = range.extent
        case .map:
            (node, type) = (TransformNode(range.node, slot: slot, filter: test?.node, body: part.node, at: place), .list(part.type))
            extent = .init(bytes: part.extent.bytes, elements: range.extent.elements)
        }
        let inner = [part] + (test.map { [$0] } ?? [])
        let kept = macro == .map ? part.extent : macro == .filter ? elementExtent(range.extent, element) : .init()
        let each = inner.reduce(1 as Steps) { $0 + $1.cost } + Steps(kept.bytes >> 4 + kept.elements)
        var whole = CompiledExpression(node: node, type: type, cost: range.cost + Steps(range.extent.elements) * each + 1, extent: extent)
        // The variable is set here: only what is further out makes the whole depend on its surroundings.
        whole.lowestLocal = min(range.lowestLocal, inner.map { $0.lowestLocal < slot ? $0.lowestLocal : .max }.min() ?? .max)
        whole.usesHost = range.usesHost || inner.contains(where: \.usesHost)
        return folded(whole)
    }
}
