/// `&&` or `||`: an operand that decides makes the failures of the others irrelevant, on either side (cel-spec, "Logical Operators").
final class LogicNode: ExpressionNode, @unchecked Sendable {
    private let isAnd: Bool
    private let operands: [ExpressionNode]
    private let offset: UInt32

    init(isAnd: Bool, _ operands: [ExpressionNode], at offset: UInt32) {
        self.isAnd = isAnd
        self.operands = operands
        self.offset = offset
    }

    override func evaluate(_ context: ExpressionContext) -> ExpressionValue {
        guard context.evaluator.charge(1) else { return .failure(.costLimitExceeded, at: offset) }
        var failure: ExpressionValue?
        for place in 0..<operands.count {
            let value = operands[place].evaluate(context)
            if case .bool(let flag) = value {
                if flag == isAnd { continue }
                // A used up budget is no failure that another operand makes good.
                return context.evaluator.isExhausted ? .failure(.costLimitExceeded, at: offset) : value
            }
            if failure == nil { failure = value.isError ? value : .failure(.noSuchOverload, at: offset) }
        }
        if context.evaluator.isExhausted { return .failure(.costLimitExceeded, at: offset) }
        return failure ?? .bool(isAnd)
    }
}

final class NotNode: ExpressionNode, @unchecked Sendable {
    private let operand: ExpressionNode
    private let offset: UInt32

    init(_ operand: ExpressionNode, at offset: UInt32) {
        self.operand = operand
        self.offset = offset
    }

    override func evaluate(_ context: ExpressionContext) -> ExpressionValue {
        let value = operand.evaluate(context)
        if case .bool(let flag) = value { return .bool(!flag) }
        return value.isError ? value : .failure(.noSuchOverload, at: offset)
    }
}

final class ConditionalNode: ExpressionNode, @unchecked Sendable {
    private let condition: ExpressionNode, yes: ExpressionNode, no: ExpressionNode
    private let offset: UInt32

    init(_ condition: ExpressionNode, _ yes: ExpressionNode, _ no: ExpressionNode, at offset: UInt32) {
        self.condition = condition
        self.yes = yes
        self.no = no
        self.offset = offset
    }

    override func evaluate(_ context: ExpressionContext) -> ExpressionValue {
        let value = condition.evaluate(context)
        if case .bool(let flag) = value { return flag ? yes.evaluate(context) : no.evaluate(context) }
        return value.isError ? value : .failure(.noSuchOverload, at: offset)
    }
}

/// `==` and `!=`.
final class EqualNode: ExpressionNode, @unchecked Sendable {
    private let left: ExpressionNode, right: ExpressionNode
    private let isEqual: Bool
    private let offset: UInt32

    init(_ left: ExpressionNode, _ right: ExpressionNode, isEqual: Bool, at offset: UInt32) {
        self.left = left
        self.right = right
        self.isEqual = isEqual
        self.offset = offset
    }

    override func evaluate(_ context: ExpressionContext) -> ExpressionValue {
        let a = left.evaluate(context)
        if a.isError { return a }
        let b = right.evaluate(context)
        if b.isError { return b }
        guard context.evaluator.charge(Swift.min(a.weight, b.weight)) else { return .failure(.costLimitExceeded, at: offset) }
        return .bool(a.equals(b) == isEqual)
    }
}

/// `<`, `<=`, `>` and `>=`.
final class OrderNode: ExpressionNode, @unchecked Sendable {
    enum Operation: Sendable {
        case less, lessOrEqual, greater, greaterOrEqual
    }

    private let operation: Operation
    private let left: ExpressionNode, right: ExpressionNode
    private let offset: UInt32

    init(_ operation: Operation, _ left: ExpressionNode, _ right: ExpressionNode, at offset: UInt32) {
        self.operation = operation
        self.left = left
        self.right = right
        self.offset = offset
    }

    override func evaluate(_ context: ExpressionContext) -> ExpressionValue {
        let a = left.evaluate(context)
        if a.isError { return a }
        let b = right.evaluate(context)
        if b.isError { return b }
        guard context.evaluator.charge(Swift.min(a.weight, b.weight)) else { return .failure(.costLimitExceeded, at: offset) }
        guard let order = a.comparison(with: b) else { return .failure(.noSuchOverload, at: offset) }
        switch operation {
        case .less: return .bool(order == .less)
        case .lessOrEqual: return .bool(order == .less || order == .equal)
        case .greater: return .bool(order == .greater)
        case .greaterOrEqual: return .bool(order == .greater || order == .equal)
        }
    }
}

/// The whole expression, when what it must be is known at run time only.
final class ExpectNode: ExpressionNode, @unchecked Sendable {
    private let operand: ExpressionNode
    private let type: ExpressionType

    init(_ operand: ExpressionNode, _ type: ExpressionType) {
        self.operand = operand
        self.type = type
    }

    override func evaluate(_ context: ExpressionContext) -> ExpressionValue {
        let value = operand.evaluate(context)
        return value.isError || value.isOf(type) ? value : .failure(.noSuchOverload, at: 0)
    }
}

extension ExpressionValue {
    /// Elements are not looked at.
    func isOf(_ type: ExpressionType) -> Bool {
        switch (self, type) {
        case (_, .dyn), (.null, .null), (.bool, .bool), (.int, .int), (.uint, .uint), (.double, .double), (.string, .string), (.bytes, .bytes),
            (.duration, .duration), (.timestamp, .timestamp), (.ip, .ip), (.cidr, .cidr), (.type, .type), (.list, .list), (.map, .map):
            true
        default: false
        }
    }
}
