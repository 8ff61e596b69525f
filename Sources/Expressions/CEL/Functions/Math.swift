internal import Primitives

/// The functions of `math.` (cel-go, "Math" extension).
extension ExpressionFunction {
    private static let number: [ExpressionType] = [.int, .uint, .double]

    static let math: [ExpressionFunction] =
        [
            ExpressionFunction("math.greatest", [Overload([.dyn], .dyn)], .variadic { extreme($0, .greater, $1) }),
            ExpressionFunction("math.least", [Overload([.dyn], .dyn)], .variadic { extreme($0, .less, $1) }),
            ExpressionFunction("math.abs", number.map { Overload([$0], $0) }, .unary(abs)),
            ExpressionFunction("math.sign", number.map { Overload([$0], $0) }, .unary(sign)),
            ofDouble("math.ceil") { .double($0.rounded(.up)) },
            ofDouble("math.floor") { .double($0.rounded(.down)) },
            ofDouble("math.round") { .double($0.rounded(.toNearestOrAwayFromZero)) },
            ofDouble("math.trunc") { .double($0.rounded(.towardZero)) },
            ofDouble("math.isNaN", .bool) { .bool($0.isNaN) },
            ofDouble("math.isInf", .bool) { .bool($0.isInfinite) },
            ofDouble("math.isFinite", .bool) { .bool($0.isFinite) },
        ]

    private static func ofDouble(
        _ name: String, _ result: ExpressionType = .double, _ body: @escaping @Sendable (Double) -> ExpressionValue
    ) -> ExpressionFunction {
        unary(name, .double, result) { value, _ in
            guard case .double(let number) = value else { return .noSuchOverload }
            return body(number)
        }
    }

    /// The largest or smallest of the arguments, or of the elements of the one list.
    private static func extreme(_ arguments: [ExpressionValue], _ wanted: ExpressionOrder, _ evaluator: ExpressionEvaluator) -> ExpressionValue {
        var values = arguments
        if arguments.count == 1, case .list(let list) = arguments[0] { values = list.elements }
        guard evaluator.charge(values.count) else { return .failure(.costLimitExceeded) }
        guard var best = values.first else { return .failure(.invalidArgument) }
        for value in values {
            switch value {
            case .int, .uint, .double: if value.comparison(with: best) == wanted { best = value }
            default: return .noSuchOverload
            }
        }
        return best
    }

    private static func abs(_ value: ExpressionValue, _: ExpressionEvaluator) -> ExpressionValue {
        switch value {
        case .int(let number): Int(exactly: number.magnitude).map { .int($0) } ?? .failure(.overflow)
        case .uint: value
        case .double(let number): .double(number.magnitude)
        default: .noSuchOverload
        }
    }

    private static func sign(_ value: ExpressionValue, _: ExpressionEvaluator) -> ExpressionValue {
        switch value {
        case .int(let number): .int(number.signum())
        case .uint(let number): .uint(number == 0 ? 0 : 1)
        case .double(let number): .double(number > 0 ? 1 : number < 0 ? -1 : number)
        default: .noSuchOverload
        }
    }
}

/// Operations on the bits of integers.
extension ExpressionFunction {
    static let bits: [ExpressionFunction] = [
        bitwise("math.bitAnd", { $0 & $1 }),
        bitwise("math.bitOr", { $0 | $1 }),
        bitwise("math.bitXor", { $0 ^ $1 }),
        ExpressionFunction(
            "math.bitNot", [ExpressionType.int, .uint].map { Overload([$0], $0) },
            .unary { value, _ in
                switch value {
                case .int(let number): .int(~number)
                case .uint(let number): .uint(~number)
                default: .noSuchOverload
                }
            }),
        shift("math.bitShiftLeft", { $0 << $1 }),
        // Of ints as well, zeros come in from the left.
        shift("math.bitShiftRight", { $0 >> $1 }),
    ]

    private static func bitwise(_ name: String, _ operation: @escaping @Sendable (UInt, UInt) -> UInt) -> ExpressionFunction {
        ExpressionFunction(
            name, [ExpressionType.int, .uint].map { Overload([$0, $0], $0) },
            .binary { a, b, _ in
                switch (a, b) {
                case (.int(let a), .int(let b)): .int(Int(bitPattern: operation(UInt(bitPattern: a), UInt(bitPattern: b))))
                case (.uint(let a), .uint(let b)): .uint(operation(a, b))
                default: .noSuchOverload
                }
            })
    }

    private static func shift(_ name: String, _ operation: @escaping @Sendable (UInt, Int) -> UInt) -> ExpressionFunction {
        ExpressionFunction(
            name, [ExpressionType.int, .uint].map { Overload([$0, .int], $0) },
            .binary { value, places, _ in
                guard case .int(let places) = places else { return .noSuchOverload }
                switch value {
                case .int, .uint: break
                default: return .noSuchOverload
                }
                guard places >= 0 else { return .failure(.invalidArgument) }
                switch value {
                case .int(let number): return .int(Int(bitPattern: operation(UInt(bitPattern: number), places)))
                case .uint(let number): return .uint(operation(number, places))
                default: return .noSuchOverload
                }
            })
    }
}
