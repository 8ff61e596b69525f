/// The types of RESP2 and RESP3, by their first bytes (github.com/redis/redis-specifications, protocol/RESP3.md).
///
/// Strings and aggregates whose length comes last ("streamed") are not among them: no server sends any.
package enum RESPKind: UInt8, Sendable {
    case simple = 0x2b
    case error = 0x2d
    case integer = 0x3a
    case bulk = 0x24
    case array = 0x2a
    case null = 0x5f
    case boolean = 0x23
    case double = 0x2c
    case bigNumber = 0x28
    case bulkError = 0x21
    case verbatim = 0x3d
    case map = 0x25
    case set = 0x7e
    case attribute = 0x7c
    case push = 0x3e

    /// Elements of an aggregate that says `length`; nil: it is no aggregate.
    func elements(_ length: Int) -> Int? {
        switch self {
        case .array, .set, .push: length
        case .map, .attribute: 2 &* length
        default: nil
        }
    }

    var isAggregate: Bool { elements(0) != nil }
}
