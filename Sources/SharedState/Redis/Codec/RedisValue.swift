import Primitives

/// A reply that is kept: for what is asked rarely, such as the nodes of a cluster.
package indirect enum RedisValue: Sendable, Equatable {
    case null
    /// A string of whatever kind.
    case text([UInt8])
    case error(String)
    case integer(Int)
    case double(Double)
    case boolean(Bool)
    /// More than 64 bits: its digits.
    case bigNumber(String)
    /// An array or a set.
    case list([RedisValue])
    case map([Pair])

    package struct Pair: Sendable, Equatable {
        package var key: RedisValue
        package var value: RedisValue
    }

    package init(_ reply: RedisReply) {
        switch reply.kind {
        case .null, .attribute: self = .null
        case .simple, .bulk, .verbatim: self = .text(reply.text?.array ?? [])
        case .error, .bulkError: self = .error(reply.text?.string ?? "")
        case .integer: self = reply.integer.map { .integer($0) } ?? .null
        case .bigNumber: self = reply.integer.map { .integer($0) } ?? .bigNumber(reply.text?.string ?? "")
        case .double: self = reply.double.map { .double($0) } ?? .null
        case .boolean: self = .boolean(reply.boolean ?? false)
        case .array, .set, .push: self = .list(reply.elements.map { RedisValue($0) })
        case .map:
            var pairs: [Pair] = []
            var elements = reply.elements
            while let key = elements.next(), let value = elements.next() { pairs.append(Pair(key: RedisValue(key), value: RedisValue(value))) }
            self = .map(pairs)
        }
    }

    /// A string as text; nil for anything else.
    package var string: String? {
        if case .text(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil }
    }

    /// An integer, as itself or as text.
    package var integer: Int? {
        switch self {
        case .integer(let value): value
        case .text: string.flatMap { Int($0) }
        default: nil
        }
    }

    package var list: [RedisValue]? { if case .list(let values) = self { values } else { nil } }

    /// The value of a key, in a map or in a list where keys and values take turns, which is what RESP2 has in place of maps.
    package subscript(key: String) -> RedisValue? {
        switch self {
        case .map(let pairs): pairs.first { $0.key.string == key }?.value
        case .list(let values):
            stride(from: 0, to: values.count - 1, by: 2).first { values[$0].string == key }.map { values[$0 + 1] }
        default: nil
        }
    }
}
