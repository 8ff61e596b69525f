internal import Primitives

/// Calls of functions with one, two, three and any number of arguments. A failing argument is the result (cel-spec, "Runtime Errors").
final class UnaryCallNode: ExpressionNode, @unchecked Sendable {
    private let function: ExpressionFunction.Unary
    private let argument: ExpressionNode
    private let offset: UInt32

    init(_ function: @escaping ExpressionFunction.Unary, _ argument: ExpressionNode, at offset: UInt32) {
        self.function = function
        self.argument = argument
        self.offset = offset
    }

    override func evaluate(_ context: ExpressionContext) -> ExpressionValue {
        let value = argument.evaluate(context)
        if value.isError { return value }
        guard context.evaluator.charge(1) else { return .failure(.costLimitExceeded, at: offset) }
        return function(value, context.evaluator).located(at: offset)
    }
}

final class BinaryCallNode: ExpressionNode, @unchecked Sendable {
    private let function: ExpressionFunction.Binary
    private let first: ExpressionNode, second: ExpressionNode
    private let offset: UInt32

    init(_ function: @escaping ExpressionFunction.Binary, _ first: ExpressionNode, _ second: ExpressionNode, at offset: UInt32) {
        self.function = function
        self.first = first
        self.second = second
        self.offset = offset
    }

    override func evaluate(_ context: ExpressionContext) -> ExpressionValue {
        let a = first.evaluate(context)
        if a.isError { return a }
        let b = second.evaluate(context)
        if b.isError { return b }
        guard context.evaluator.charge(1) else { return .failure(.costLimitExceeded, at: offset) }
        return function(a, b, context.evaluator).located(at: offset)
    }
}

final class TernaryCallNode: ExpressionNode, @unchecked Sendable {
    private let function: ExpressionFunction.Ternary
    private let first: ExpressionNode, second: ExpressionNode, third: ExpressionNode
    private let offset: UInt32

    init(
        _ function: @escaping ExpressionFunction.Ternary, _ first: ExpressionNode, _ second: ExpressionNode, _ third: ExpressionNode,
        at offset: UInt32
    ) {
        self.function = function
        self.first = first
        self.second = second
        self.third = third
        self.offset = offset
    }

    override func evaluate(_ context: ExpressionContext) -> ExpressionValue {
        let a = first.evaluate(context)
        if a.isError { return a }
        let b = second.evaluate(context)
        if b.isError { return b }
        let c = third.evaluate(context)
        if c.isError { return c }
        guard context.evaluator.charge(1) else { return .failure(.costLimitExceeded, at: offset) }
        return function(a, b, c, context.evaluator).located(at: offset)
    }
}

final class VariadicCallNode: ExpressionNode, @unchecked Sendable {
    private let function: ExpressionFunction.Variadic
    private let arguments: [ExpressionNode]
    private let offset: UInt32

    init(_ function: @escaping ExpressionFunction.Variadic, _ arguments: [ExpressionNode], at offset: UInt32) {
        self.function = function
        self.arguments = arguments
        self.offset = offset
    }

    override func evaluate(_ context: ExpressionContext) -> ExpressionValue {
        var values: [ExpressionValue] = []
        values.reserveCapacity(arguments.count)
        for argument in arguments {
            let value = argument.evaluate(context)
            if value.isError { return value }
            values.append(value)
        }
        guard context.evaluator.charge(1 + values.count) else { return .failure(.costLimitExceeded, at: offset) }
        return function(values, context.evaluator).located(at: offset)
    }
}

/// `matches` with the pattern compiled at load.
final class MatchesNode: ExpressionNode, @unchecked Sendable {
    private let operand: ExpressionNode
    private let regex: LinearRegex
    private let offset: UInt32

    init(_ operand: ExpressionNode, _ regex: LinearRegex, at offset: UInt32) {
        self.operand = operand
        self.regex = regex
        self.offset = offset
    }

    /// Steps of the regular expression's machine for one of ours.
    static let regexSteps = 4

    override func evaluate(_ context: ExpressionContext) -> ExpressionValue {
        let value = operand.evaluate(context)
        guard case .string(let text) = value else { return value.isError ? value : .failure(.noSuchOverload, at: offset) }
        let evaluator = context.evaluator
        evaluator.regexScratch.resetSteps()
        evaluator.regexScratch.stepLimit = evaluator.remaining * Self.regexSteps
        let isMatch = regex.matches(text, scratch: &evaluator.regexScratch)
        guard evaluator.charge(1 + text.count >> 6 + evaluator.regexScratch.steps / Self.regexSteps), !evaluator.regexScratch.ranOut else {
            return .failure(.costLimitExceeded, at: offset)
        }
        return .bool(isMatch)
    }
}

/// `getHours("Europe/Berlin")` and its like, with the zone read at load.
final class ZonedNode: ExpressionNode, @unchecked Sendable {
    private let operand: ExpressionNode
    private let accessor: TimeAccessor
    private let zone: TimeZone
    private let offset: UInt32

    init(_ accessor: TimeAccessor, _ operand: ExpressionNode, _ zone: TimeZone, at offset: UInt32) {
        self.accessor = accessor
        self.operand = operand
        self.zone = zone
        self.offset = offset
    }

    override func evaluate(_ context: ExpressionContext) -> ExpressionValue {
        let value = operand.evaluate(context)
        guard case .timestamp(let time) = value else { return value.isError ? value : .failure(.noSuchOverload, at: offset) }
        guard context.evaluator.charge(1) else { return .failure(.costLimitExceeded, at: offset) }
        return .int(accessor.value(of: time, in: zone))
    }
}
