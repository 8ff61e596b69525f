/// A function: its name, what it takes and gives, and what computes it. Functions of the same name and different numbers of arguments
/// are several.
struct ExpressionFunction: Sendable {
    typealias Unary = @Sendable (ExpressionValue, ExpressionEvaluator) -> ExpressionValue
    typealias Binary = @Sendable (ExpressionValue, ExpressionValue, ExpressionEvaluator) -> ExpressionValue
    typealias Ternary = @Sendable (ExpressionValue, ExpressionValue, ExpressionValue, ExpressionEvaluator) -> ExpressionValue
    typealias Variadic = @Sendable ([ExpressionValue], ExpressionEvaluator) -> ExpressionValue

    enum Body: Sendable {
        case unary(Unary), binary(Binary), ternary(Ternary), variadic(Variadic)
        /// The compiler makes the node: what it needs is known at load only.
        case matches, zoned(TimeAccessor)
    }

    /// `f(a)`, `a.f()`, or both.
    enum Style: Sendable {
        case global, member, either
    }

    struct Overload: Sendable {
        let parameters: [ExpressionType]
        let result: ExpressionType

        init(_ parameters: [ExpressionType], _ result: ExpressionType) {
            self.parameters = parameters
            self.result = result
        }
    }

    /// How large a text or list the function may make, for the estimate of the cost.
    enum Growth: Sendable {
        /// As large as all arguments together.
        case sum
        /// The third argument as often as the first has bytes.
        case product
        /// A list with an element for every byte of the first argument.
        case pieces
        /// The elements of the first argument, with the second between them.
        case joined
    }

    let name: String
    let style: Style
    let overloads: [Overload]
    let body: Body
    let growth: Growth
    /// Constant arguments that make it fail are an error at load: they can be nothing but a mistake.
    let mustSucceed: Bool

    init(
        _ name: String, _ style: Style, _ overloads: [Overload], growth: Growth = .sum, mustSucceed: Bool = false, _ body: Body
    ) {
        self.name = name
        self.style = style
        self.overloads = overloads
        self.growth = growth
        self.mustSucceed = mustSucceed
        self.body = body
    }

    init(_ name: String, _ overloads: [Overload], mustSucceed: Bool = false, _ body: Body) {
        self.init(name, .global, overloads, mustSucceed: mustSucceed, body)
    }

    /// The receiver counts as an argument. Nil: any number, all of the one parameter's type.
    var arity: Int? {
        switch body {
        case .unary: 1
        case .binary, .matches, .zoned: 2
        case .ternary: 3
        case .variadic: nil
        }
    }
}

extension ExpressionFunction {
    /// All functions by name.
    static let table: [String: [ExpressionFunction]] = Dictionary(
        grouping: conversions + strings + stringEditing + times + math + bits + networks + encoders, by: \.name)

    static func named(_ name: String, isMember: Bool) -> [ExpressionFunction] {
        (table[name] ?? []).filter { isMember ? $0.style != .global : $0.style != .member }
    }

    /// A function of one type of receiver or argument.
    static func unary(
        _ name: String, _ style: Style, _ parameter: ExpressionType, _ result: ExpressionType, _ body: @escaping Unary
    ) -> ExpressionFunction {
        ExpressionFunction(name, style, [Overload([parameter], result)], .unary(body))
    }

    static func unary(
        _ name: String, _ parameter: ExpressionType, _ result: ExpressionType, mustSucceed: Bool = false, _ body: @escaping Unary
    ) -> ExpressionFunction {
        ExpressionFunction(name, [Overload([parameter], result)], mustSucceed: mustSucceed, .unary(body))
    }
}
