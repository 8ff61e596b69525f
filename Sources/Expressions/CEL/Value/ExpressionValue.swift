package import Primitives

/// A value of the expression language, or why there is none.
///
/// Text is a view: of the request, of the expression's constants, or of the evaluator's memory. A result is valid until the next evaluation
/// with the same evaluator, while the expression lives and the host's views do.
package enum ExpressionValue {
    case null
    case bool(Bool)
    case int(Int)
    case uint(UInt)
    case double(Double)
    case string(ByteView)
    case bytes(ByteView)
    case duration(ExpressionDuration)
    case timestamp(ExpressionTimestamp)
    case ip(IPAddress)
    case cidr(ExpressionCIDR)
    case list(ExpressionList)
    case map(ExpressionMap)
    case type(TypeName)
    case error(ExpressionFailure)

    /// What `type()` answers.
    package enum TypeName: String, Sendable, CaseIterable {
        case null = "null_type"
        case bool, int, uint, double, string, bytes, list, map, type
        case duration = "google.protobuf.Duration"
        case timestamp = "google.protobuf.Timestamp"
        case ip = "net.IP"
        case cidr = "net.CIDR"
    }

    static func failure(_ kind: ExpressionFailure.Kind) -> ExpressionValue { .error(ExpressionFailure(kind)) }
    static var noSuchOverload: ExpressionValue { .failure(.noSuchOverload) }

    package var failure: ExpressionFailure? {
        if case .error(let failure) = self { return failure }
        return nil
    }

    package var isError: Bool {
        if case .error = self { return true }
        return false
    }

    /// Nil for an error.
    var typeName: TypeName? {
        switch self {
        case .null: .null
        case .bool: .bool
        case .int: .int
        case .uint: .uint
        case .double: .double
        case .string: .string
        case .bytes: .bytes
        case .duration: .duration
        case .timestamp: .timestamp
        case .ip: .ip
        case .cidr: .cidr
        case .list: .list
        case .map: .map
        case .type: .type
        case .error: nil
        }
    }

    /// What the value adds to the size of a list or map that holds it, in steps: bounds what printing or comparing it costs.
    var weight: Int {
        switch self {
        case .string(let text), .bytes(let text): 1 + text.count >> 4
        case .list(let list): 1 + list.weight
        case .map(let map): 1 + map.weight
        default: 1
        }
    }
}
