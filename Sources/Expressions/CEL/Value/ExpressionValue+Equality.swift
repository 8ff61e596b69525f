internal import Primitives

extension ExpressionValue {
    /// CEL's `==` (cel-spec, "Equality"): numbers compare across their types by what they mean, values of different types are unequal,
    /// NaN is not equal to itself.
    package func equals(_ other: ExpressionValue) -> Bool {
        switch (self, other) {
        case (.string(let a), .string(let b)): return a == b
        case (.int(let a), .int(let b)): return a == b
        case (.bool(let a), .bool(let b)): return a == b
        case (.null, .null): return true
        case (.uint(let a), .uint(let b)): return a == b
        case (.double(let a), .double(let b)): return a == b
        case (.bytes(let a), .bytes(let b)): return a == b
        case (.duration(let a), .duration(let b)): return a == b
        case (.timestamp(let a), .timestamp(let b)): return a == b
        case (.ip(let a), .ip(let b)): return a == b
        case (.cidr(let a), .cidr(let b)): return a == b
        case (.type(let a), .type(let b)): return a == b
        case (.list(let a), .list(let b)): return a.equals(b)
        case (.map(let a), .map(let b)): return a.equals(b)
        case (.int, .uint), (.int, .double), (.uint, .int), (.uint, .double), (.double, .int), (.double, .uint):
            return comparison(with: other) == .equal
        default: return false
        }
    }
}

/// A key of a map: numbers that are equal are the same key, whatever their types.
struct ExpressionKey: Hashable {
    let value: ExpressionValue

    /// Nil for values that can be no key.
    init?(_ value: ExpressionValue) {
        switch value {
        case .string, .int, .uint, .bool: self.value = value
        case .double(let number):
            // Only what is exactly an integer can equal a key.
            if let int = Int(exactly: number) {
                self.value = .int(int)
            } else if let uint = UInt(exactly: number) {
                self.value = .uint(uint)
            } else {
                return nil
            }
        default: return nil
        }
    }

    static func == (a: ExpressionKey, b: ExpressionKey) -> Bool { a.value.equals(b.value) }

    func hash(into hasher: inout Hasher) {
        switch value {
        case .string(let text): unsafe hasher.combine(bytes: text.buffer)
        case .int(let number): hasher.combine(UInt(bitPattern: number))
        case .uint(let number): hasher.combine(number)
        case .bool(let flag): hasher.combine(flag)
        default: break
        }
    }
}
