internal import Primitives

/// The operators on numbers, and what else `+` and `-` do. Integers never wrap (cel-spec, "Overflow").
enum Arithmetic {
    private static func int(_ result: (partialValue: Int, overflow: Bool)) -> ExpressionValue {
        result.overflow ? .failure(.overflow) : .int(result.partialValue)
    }

    private static func uint(_ result: (partialValue: UInt, overflow: Bool)) -> ExpressionValue {
        result.overflow ? .failure(.overflow) : .uint(result.partialValue)
    }

    private static func timestamp(_ time: ExpressionTimestamp?) -> ExpressionValue { time.map { .timestamp($0) } ?? .failure(.range) }

    static func add(_ a: ExpressionValue, _ b: ExpressionValue, _ evaluator: ExpressionEvaluator) -> ExpressionValue {
        switch (a, b) {
        case (.int(let a), .int(let b)): return int(a.addingReportingOverflow(b))
        case (.uint(let a), .uint(let b)): return uint(a.addingReportingOverflow(b))
        case (.double(let a), .double(let b)): return .double(a + b)
        case (.string(let a), .string(let b)):
            guard evaluator.charge(1 + (a.count + b.count) >> 2) else { return .failure(.costLimitExceeded) }
            return .string(evaluator.arena.concatenate(a, b))
        case (.bytes(let a), .bytes(let b)):
            guard evaluator.charge(1 + (a.count + b.count) >> 2) else { return .failure(.costLimitExceeded) }
            return .bytes(evaluator.arena.concatenate(a, b))
        case (.list(let a), .list(let b)):
            guard evaluator.charge(1 &+ a.weight &+ b.weight) else { return .failure(.costLimitExceeded) }
            return .list(ExpressionList(a.elements + b.elements))
        case (.timestamp(let time), .duration(let span)), (.duration(let span), .timestamp(let time)): return timestamp(time.adding(span))
        case (.duration(let a), .duration(let b)):
            let (sum, isOver) = a.nanoseconds.addingReportingOverflow(b.nanoseconds)
            return isOver ? .failure(.range) : .duration(ExpressionDuration(nanoseconds: sum))
        default: return .noSuchOverload
        }
    }

    static func subtract(_ a: ExpressionValue, _ b: ExpressionValue, _: ExpressionEvaluator) -> ExpressionValue {
        switch (a, b) {
        case (.int(let a), .int(let b)): return int(a.subtractingReportingOverflow(b))
        case (.uint(let a), .uint(let b)): return uint(a.subtractingReportingOverflow(b))
        case (.double(let a), .double(let b)): return .double(a - b)
        case (.timestamp(let a), .timestamp(let b)): return a.since(b).map { .duration($0) } ?? .failure(.range)
        case (.timestamp(let time), .duration(let span)): return timestamp(time.subtracting(span))
        case (.duration(let a), .duration(let b)):
            let (difference, isOver) = a.nanoseconds.subtractingReportingOverflow(b.nanoseconds)
            return isOver ? .failure(.range) : .duration(ExpressionDuration(nanoseconds: difference))
        default: return .noSuchOverload
        }
    }

    static func multiply(_ a: ExpressionValue, _ b: ExpressionValue, _: ExpressionEvaluator) -> ExpressionValue {
        switch (a, b) {
        case (.int(let a), .int(let b)): int(a.multipliedReportingOverflow(by: b))
        case (.uint(let a), .uint(let b)): uint(a.multipliedReportingOverflow(by: b))
        case (.double(let a), .double(let b)): .double(a * b)
        default: .noSuchOverload
        }
    }

    static func divide(_ a: ExpressionValue, _ b: ExpressionValue, _: ExpressionEvaluator) -> ExpressionValue {
        switch (a, b) {
        case (.int, .int(0)), (.uint, .uint(0)): .failure(.divisionByZero)
        case (.int(let a), .int(let b)): int(a.dividedReportingOverflow(by: b))
        case (.uint(let a), .uint(let b)): .uint(a / b)
        case (.double(let a), .double(let b)): .double(a / b)
        default: .noSuchOverload
        }
    }

    static func remainder(_ a: ExpressionValue, _ b: ExpressionValue, _: ExpressionEvaluator) -> ExpressionValue {
        switch (a, b) {
        case (.int, .int(0)), (.uint, .uint(0)): .failure(.modulusByZero)
        case (.int(let a), .int(let b)): int(a.remainderReportingOverflow(dividingBy: b))
        case (.uint(let a), .uint(let b)): .uint(a % b)
        default: .noSuchOverload
        }
    }

    static func negate(_ a: ExpressionValue, _: ExpressionEvaluator) -> ExpressionValue {
        switch a {
        case .int(let a): int(0.subtractingReportingOverflow(a))
        case .double(let a): .double(-a)
        default: .noSuchOverload
        }
    }
}

extension ExpressionFunction {
    /// What an operator takes, gives and does.
    static func operation(_ symbol: Token.Symbol) -> (overloads: [Overload], function: Binary)? {
        let numbers = [ExpressionType.int, .uint, .double].map { Overload([$0, $0], $0) }
        switch symbol {
        case .plus:
            return (
                numbers + [
                    Overload([.string, .string], .string), Overload([.bytes, .bytes], .bytes), Overload([.timestamp, .duration], .timestamp),
                    Overload([.duration, .timestamp], .timestamp), Overload([.duration, .duration], .duration),
                ], Arithmetic.add
            )
        case .minus:
            return (
                numbers + [
                    Overload([.timestamp, .timestamp], .duration), Overload([.timestamp, .duration], .timestamp),
                    Overload([.duration, .duration], .duration),
                ], Arithmetic.subtract
            )
        case .times: return (numbers, Arithmetic.multiply)
        case .divide: return (numbers, Arithmetic.divide)
        case .modulo: return (Array(numbers.prefix(2)), Arithmetic.remainder)
        default: return nil
        }
    }
}
