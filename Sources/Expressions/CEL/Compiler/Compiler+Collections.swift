internal import Primitives

/// Lists, maps, `[]` and `in`.
extension ExpressionCompiler {
    mutating func compileList(_ elements: [ExpressionSyntax], at offset: Int) -> CompiledExpression {
        let parts = elements.map { compile($0) }
        let type = parts.dropFirst().reduce(parts.first?.type ?? .dyn) { $0.joined(with: $1.type) }
        let extent = CompiledExpression.Extent(bytes: parts.map(\.extent.bytes).max() ?? 0, elements: parts.count)
        let inner = parts.reduce(0 as Steps) { $0 + Steps(1 + $1.extent.bytes >> 4 + $1.extent.elements) }
        return combine(parts, .list(type), cost: inner + 1, extent: extent, ListNode(parts.map(\.node), at: UInt32(offset)))
    }

    mutating func compileMap(_ entries: [(key: ExpressionSyntax, value: ExpressionSyntax)], at offset: Int) -> CompiledExpression {
        var parts: [CompiledExpression] = [], nodes: [(key: ExpressionNode, value: ExpressionNode)] = []
        var keyType: ExpressionType?, valueType: ExpressionType?
        for entry in entries {
            var key = compile(entry.key)
            let value = compile(entry.value)
            if !key.type.isKey {
                key = broken("\(key.type.withArticle) cannot be the key of a map", at: entry.key.offset, remedy: "keys are string, int, uint or bool")
            }
            keyType = keyType?.joined(with: key.type) ?? key.type
            valueType = valueType?.joined(with: value.type) ?? value.type
            parts += [key, value]
            nodes.append((key.node, value.node))
        }
        let extent = CompiledExpression.Extent(bytes: parts.map(\.extent.bytes).max() ?? 0, elements: entries.count)
        let inner = parts.reduce(0 as Steps) { $0 + Steps(1 + $1.extent.bytes >> 4 + $1.extent.elements) }
        return combine(
            parts, .map(keyType ?? .dyn, valueType ?? .dyn), cost: inner + Steps(1 + 4 * entries.count), extent: extent,
            MapNode(nodes, at: UInt32(offset)))
    }

    mutating func compileIndex(_ operand: ExpressionSyntax, _ index: ExpressionSyntax, at offset: Int) -> CompiledExpression {
        let operand = compileOperand(operand)
        let key = compile(index)
        if case .hostMap(let variable) = operand {
            guard key.type.agrees(with: .string) else { return wrongIndex(variable.type, key, at: offset) }
            if case .string(let name)? = key.node.constant { return entry(of: variable, name.array, isTest: false, at: offset) }
            var part = fromHost(KeyedEntryNode(variable, key: key.node, isTest: false, at: UInt32(offset)), .dyn)
            if case .map(_, let value) = variable.type { (part.type, part.extent) = (value, unknownExtent(value)) }
            part.cost = key.cost + Steps(2 + key.extent.bytes >> 3)
            part.lowestLocal = key.lowestLocal
            return part
        }
        let part = value(of: operand, at: offset)
        let type: ExpressionType
        switch part.type {
        case .list(let element) where key.type == .int || key.type == .dyn: type = element
        case .map(let keyType, let value) where keyType.agrees(with: key.type): type = value
        case .dyn: type = .dyn
        default: return wrongIndex(part.type, key, at: offset)
        }
        return combine([part, key], type, extent: elementExtent(part.extent, type), IndexNode(part.node, key.node, at: UInt32(offset)))
    }

    private mutating func wrongIndex(_ type: ExpressionType, _ key: CompiledExpression, at offset: Int) -> CompiledExpression {
        broken("\(type.withArticle) has no element [\(key.type)]", at: offset)
    }

    mutating func compileMembership(_ value: ExpressionSyntax, _ collection: ExpressionSyntax, at offset: Int) -> CompiledExpression {
        let key = compile(value)
        let operand = compileOperand(collection)
        if case .hostMap(let variable) = operand {
            guard key.type.agrees(with: .string) else { return notIn(key, variable.type, at: offset) }
            if case .string(let name)? = key.node.constant { return entry(of: variable, name.array, isTest: true, at: offset) }
            var part = fromHost(KeyedEntryNode(variable, key: key.node, isTest: true, at: UInt32(offset)), .bool)
            part.cost = key.cost + Steps(2 + key.extent.bytes >> 3)
            part.lowestLocal = key.lowestLocal
            return part
        }
        let part = self.value(of: operand, at: offset)
        switch part.type {
        case .list(let element) where element.agrees(with: key.type): break
        case .map(let keyType, _) where keyType.agrees(with: key.type): break
        case .dyn: break
        default: return notIn(key, part.type, at: offset)
        }
        let each = Steps(1 + part.extent.bytes >> 4)
        let cost = Steps(max(1, part.extent.elements)) * each
        if case .list(let list)? = part.node.constant, let node = SetMembershipNode(key.node, list, at: UInt32(offset)) {
            return combine([key], .bool, cost: Steps(1 + key.extent.bytes >> 4), extent: .init(), node)
        }
        return combine([key, part], .bool, cost: cost, extent: .init(), MembershipNode(key.node, part.node, at: UInt32(offset)))
    }

    private mutating func notIn(_ key: CompiledExpression, _ type: ExpressionType, at offset: Int) -> CompiledExpression {
        broken("\(key.type.withArticle) cannot be in \(type.withArticle)", at: offset)
    }
}
