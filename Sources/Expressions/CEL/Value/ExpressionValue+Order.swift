private import Glibc
internal import Primitives

enum ExpressionOrder {
    case less, equal, greater
    /// NaN is on one side: every comparison is false.
    case unordered

    init<T: Comparable>(_ a: T, _ b: T) { self = a < b ? .less : a == b ? .equal : .greater }

    var reversed: ExpressionOrder {
        switch self {
        case .less: .greater
        case .greater: .less
        default: self
        }
    }
}

extension ExpressionValue {
    /// The order of two values (cel-spec, "Ordering"), nil when their types have none. Numbers compare exactly across their types: nothing
    /// is rounded on the way.
    func comparison(with other: ExpressionValue) -> ExpressionOrder? {
        switch (self, other) {
        case (.int(let a), .int(let b)): ExpressionOrder(a, b)
        case (.uint(let a), .uint(let b)): ExpressionOrder(a, b)
        case (.double(let a), .double(let b)): a.isNaN || b.isNaN ? .unordered : ExpressionOrder(a, b)
        case (.int(let a), .uint(let b)): a < 0 ? .less : ExpressionOrder(UInt(a), b)
        case (.uint(let a), .int(let b)): b < 0 ? .greater : ExpressionOrder(a, UInt(b))
        case (.int(let a), .double(let b)): Self.order(a, b)
        case (.double(let a), .int(let b)): Self.order(b, a).reversed
        case (.uint(let a), .double(let b)): Self.order(a, b)
        case (.double(let a), .uint(let b)): Self.order(b, a).reversed
        case (.string(let a), .string(let b)), (.bytes(let a), .bytes(let b)): Self.order(a, b)
        case (.bool(let a), .bool(let b)): ExpressionOrder(a ? 1 : 0, b ? 1 : 0)
        case (.timestamp(let a), .timestamp(let b)): ExpressionOrder(a, b)
        case (.duration(let a), .duration(let b)): ExpressionOrder(a, b)
        default: nil
        }
    }

    private static func order<Integer: FixedWidthInteger>(_ a: Integer, _ b: Double) -> ExpressionOrder {
        guard !b.isNaN else { return .unordered }
        // The standard library compares integers with floating-point numbers by what they mean; `exactly` tells where the
        // whole part is out of range.
        guard let whole = Integer(exactly: b.rounded(.towardZero)) else { return b < 0 ? .greater : .less }
        if a != whole { return a < whole ? .less : .greater }
        let fraction = b - b.rounded(.towardZero)
        return fraction == 0 ? .equal : fraction > 0 ? .less : .greater
    }

    /// By bytes, which for UTF-8 is by code points.
    private static func order(_ a: ByteView, _ b: ByteView) -> ExpressionOrder {
        let common = Swift.min(a.count, b.count)
        if common > 0, let one = unsafe a.buffer.baseAddress, let other = unsafe b.buffer.baseAddress {
            let difference = unsafe memcmp(one, other, common)
            if difference != 0 { return difference < 0 ? .less : .greater }
        }
        return ExpressionOrder(a.count, b.count)
    }
}
