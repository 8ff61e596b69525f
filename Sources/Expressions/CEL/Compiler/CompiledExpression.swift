/// A compiled part: the node, its static type, and what is known about its cost.
struct CompiledExpression {
    var node: ExpressionNode
    var type: ExpressionType
    /// Steps that it takes at most, as far as known at load.
    var cost: Steps
    var extent: Extent
    /// The lowest slot of a macro variable that it reads and does not set; `Int.max` for none.
    var lowestLocal = Int.max
    /// It asks the host for something.
    var usesHost = false

    /// How large its value may be.
    struct Extent {
        /// Of a text; of the longest element of a list or map.
        var bytes = 0
        /// Of a list or map.
        var elements = 0
    }

    /// It has the same value each time.
    var isConstant: Bool { !usesHost && lowestLocal == .max }
}

/// A number of steps that stays where it is when it gets too large to matter.
struct Steps: Comparable, ExpressibleByIntegerLiteral {
    let count: Int
    static let most = Int(Int32.max)

    init(_ count: Int) { self.count = Swift.max(0, Swift.min(count, Self.most)) }
    init(integerLiteral count: Int) { self.init(count) }

    static func < (a: Steps, b: Steps) -> Bool { a.count < b.count }
    static func + (a: Steps, b: Steps) -> Steps { Steps(a.count + b.count) }
    static func * (a: Steps, b: Steps) -> Steps { Steps(a.count * b.count) }
    static func += (a: inout Steps, b: Steps) { a = a + b }
}
