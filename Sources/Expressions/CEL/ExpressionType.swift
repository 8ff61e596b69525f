/// A type of the expression language (cel-spec, "Gradual Type Checking").
package indirect enum ExpressionType: Sendable, Equatable {
    case bool, int, uint, double, string, bytes, null, duration, timestamp, ip, cidr, type
    /// Known at run time only: agrees with every type.
    case dyn
    case list(ExpressionType), map(ExpressionType, ExpressionType)
    /// Named fields. It has no value of its own: an expression names one of its fields.
    case object(ExpressionObject)
}

/// The fields of an object.
package struct ExpressionObject: Sendable, Equatable {
    package let fields: [ExpressionEnvironment.Variable]

    package init(_ fields: [ExpressionEnvironment.Variable]) { self.fields = fields }

    package func field(_ name: String) -> ExpressionEnvironment.Variable? { fields.first { $0.name == name } }
}

extension ExpressionType: CustomStringConvertible {
    package var description: String {
        switch self {
        case .bool: "bool"
        case .int: "int"
        case .uint: "uint"
        case .double: "double"
        case .string: "string"
        case .bytes: "bytes"
        case .null: "null"
        case .duration: "duration"
        case .timestamp: "timestamp"
        case .ip: "ip"
        case .cidr: "cidr"
        case .type: "type"
        case .dyn: "dyn"
        case .list(let element): "list(\(element))"
        case .map(let key, let value): "map(\(key), \(value))"
        case .object: "object"
        }
    }
}

extension ExpressionType {
    /// Whether a value of one type may be one of the other: `dyn` may be anything.
    func agrees(with other: ExpressionType) -> Bool {
        switch (self, other) {
        case (.dyn, _), (_, .dyn): true
        case (.list(let a), .list(let b)): a.agrees(with: b)
        case (.map(let key, let value), .map(let otherKey, let otherValue)): key.agrees(with: otherKey) && value.agrees(with: otherValue)
        default: self == other
        }
    }

    /// The type of values that are of one type or the other: `dyn` unless they are the same.
    func joined(with other: ExpressionType) -> ExpressionType {
        switch (self, other) {
        case (.list(let a), .list(let b)): .list(a.joined(with: b))
        case (.map(let key, let value), .map(let otherKey, let otherValue)): .map(key.joined(with: otherKey), value.joined(with: otherValue))
        default: self == other ? self : .dyn
        }
    }

    var isNumeric: Bool { self == .int || self == .uint || self == .double }

    /// Types that the keys of a map may have (cel-spec, "Aggregate Values").
    var isKey: Bool { self == .int || self == .uint || self == .bool || self == .string || self == .dyn }
}
