/// Why an evaluation has no value, and where in the expression.
package struct ExpressionFailure: Error, Equatable, Sendable, CustomStringConvertible {
    package let kind: Kind
    /// In bytes of the expression's UTF-8; nil while it travels from the function to its call.
    package internal(set) var offset: UInt32?

    init(_ kind: Kind, at offset: UInt32? = nil) {
        self.kind = kind
        self.offset = offset
    }

    package var description: String { kind.rawValue }

    /// The messages are stable: logs and tests compare them.
    package enum Kind: String, Sendable, CaseIterable {
        case noSuchOverload = "no such overload"
        case noSuchKey = "no such key"
        case noSuchAttribute = "no such attribute"
        case indexOutOfBounds = "index out of bounds"
        case divisionByZero = "division by zero"
        case modulusByZero = "modulus by zero"
        case overflow = "integer overflow"
        case range = "range error"
        case invalidArgument = "invalid argument"
        case invalidUTF8 = "invalid UTF-8"
        case repeatedKey = "repeated key"
        case unsupportedKey = "unsupported key type"
        case unknownZone = "unknown time zone: other than UTC and offsets, zones must be constant"
        case costLimitExceeded = "cost limit exceeded"
    }
}
