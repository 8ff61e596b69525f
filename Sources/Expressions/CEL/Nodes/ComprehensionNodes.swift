/// What the macros that walk a collection share: its elements, or its keys, one after the other in a local.
class ComprehensionNode: ExpressionNode, @unchecked Sendable {
    let range: ExpressionNode, body: ExpressionNode
    let slot: Int
    let offset: UInt32

    init(_ range: ExpressionNode, slot: Int, body: ExpressionNode, at offset: UInt32) {
        self.range = range
        self.slot = slot
        self.body = body
        self.offset = offset
    }

    /// Nil for values that cannot be walked.
    static func elements(_ value: ExpressionValue) -> [ExpressionValue]? {
        switch value {
        case .list(let list): list.elements
        case .map(let map): map.keys
        default: nil
        }
    }

    override final func evaluate(_ context: ExpressionContext) -> ExpressionValue {
        let value = range.evaluate(context)
        guard let elements = Self.elements(value) else { return value.isError ? value : .failure(.noSuchOverload, at: offset) }
        let result = walk(elements, context)
        context.evaluator.locals[slot] = .null
        // A used up budget is no failure that another element makes good.
        return context.evaluator.charge(1) ? result : .failure(.costLimitExceeded, at: offset)
    }

    func walk(_ elements: [ExpressionValue], _ context: ExpressionContext) -> ExpressionValue { .noSuchOverload }

    /// The body for one element, and false when the budget is used up.
    final func step(_ element: ExpressionValue, _ context: ExpressionContext) -> ExpressionValue {
        guard context.evaluator.charge(1) else { return .failure(.costLimitExceeded, at: offset) }
        context.evaluator.locals[slot] = element
        return body.evaluate(context)
    }
}

/// `all` and `exists`, with the logic of `&&` and `||`.
final class QuantifierNode: ComprehensionNode, @unchecked Sendable {
    private let isAll: Bool

    init(_ range: ExpressionNode, slot: Int, body: ExpressionNode, isAll: Bool, at offset: UInt32) {
        self.isAll = isAll
        super.init(range, slot: slot, body: body, at: offset)
    }

    override func walk(_ elements: [ExpressionValue], _ context: ExpressionContext) -> ExpressionValue {
        var failure: ExpressionValue?
        for place in 0..<elements.count {
            let value = step(elements[place], context)
            if case .bool(let flag) = value {
                if flag != isAll { return value }
            } else if context.evaluator.isExhausted {
                return value
            } else if failure == nil {
                failure = value.isError ? value : .failure(.noSuchOverload, at: offset)
            }
        }
        return failure ?? .bool(isAll)
    }
}

/// `exists_one`: every failure is the result.
final class ExistsOneNode: ComprehensionNode, @unchecked Sendable {
    override func walk(_ elements: [ExpressionValue], _ context: ExpressionContext) -> ExpressionValue {
        var count = 0
        for place in 0..<elements.count {
            let value = step(elements[place], context)
            guard case .bool(let flag) = value else { return value.isError ? value : .failure(.noSuchOverload, at: offset) }
            if flag { count += 1 }
        }
        return .bool(count == 1)
    }
}

/// `filter`
final class FilterNode: ComprehensionNode, @unchecked Sendable {
    override func walk(_ elements: [ExpressionValue], _ context: ExpressionContext) -> ExpressionValue {
        var kept: [ExpressionValue] = []
        for place in 0..<elements.count {
            let value = step(elements[place], context)
            guard case .bool(let flag) = value else { return value.isError ? value : .failure(.noSuchOverload, at: offset) }
            guard flag else { continue }
            guard context.evaluator.charge(elements[place].weight) else { return .failure(.costLimitExceeded, at: offset) }
            kept.append(elements[place])
        }
        return .list(ExpressionList(kept))
    }
}

/// `map`, with or without a filter.
final class TransformNode: ComprehensionNode, @unchecked Sendable {
    private let filter: ExpressionNode?

    init(_ range: ExpressionNode, slot: Int, filter: ExpressionNode?, body: ExpressionNode, at offset: UInt32) {
        self.filter = filter
        super.init(range, slot: slot, body: body, at: offset)
    }

    override func walk(_ elements: [ExpressionValue], _ context: ExpressionContext) -> ExpressionValue {
        var results: [ExpressionValue] = []
        for place in 0..<elements.count {
            if let filter {
                guard context.evaluator.charge(1) else { return .failure(.costLimitExceeded, at: offset) }
                context.evaluator.locals[slot] = elements[place]
                let value = filter.evaluate(context)
                guard case .bool(let flag) = value else { return value.isError ? value : .failure(.noSuchOverload, at: offset) }
                guard flag else { continue }
            }
            let value = step(elements[place], context)
            if value.isError { return value }
            guard context.evaluator.charge(value.weight) else { return .failure(.costLimitExceeded, at: offset) }
            results.append(value)
        }
        return .list(ExpressionList(results))
    }
}
