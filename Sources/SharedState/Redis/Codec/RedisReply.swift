package import Primitives

/// One whole reply, where it was read: valid as long as its bytes are, which is until the call ends that hands it over.
///
/// Whoever wants less than all of it, such as five integers of a script, takes that and allocates nothing; `RedisValue` keeps it all.
package struct RedisReply {
    package let kind: RESPKind
    /// The text of a scalar or a string; of an aggregate, all its elements.
    private let content: ByteView
    /// Elements of an aggregate; -1: not there.
    private let length: Int

    /// - Parameter bytes: exactly one reply that a scanner has found. Attributes in front of it are left out. Anything else reads as null.
    package init(_ bytes: ByteView) { self.init(bytes, depth: 0) }

    private init(_ bytes: ByteView, depth: Int) {
        guard let end = bytes.firstIndex(of: 0x0d), let kind = RESPKind(rawValue: bytes[0]), end &+ 2 <= bytes.count else {
            self.init(.null, ByteView(), -1)
            return
        }
        let line = bytes[1..<end]
        let rest = bytes.dropFirst(end &+ 2)
        switch kind {
        case .simple, .error, .integer, .null, .boolean, .double, .bigNumber: self.init(kind, line, 0)
        case .bulk, .bulkError, .verbatim:
            let length = RESPNumber.length(line) ?? -1
            self.init(length < 0 ? .null : kind, rest.prefix(max(0, length)), length)
        case .array, .map, .set, .push:
            let length = RESPNumber.length(line) ?? -1
            self.init(length < 0 ? .null : kind, rest, kind.elements(max(0, length)) ?? 0)
        case .attribute:
            var beside = RedisElements(rest, left: kind.elements(RESPNumber.length(line) ?? 0) ?? 0)
            while depth < 64, beside.skip() {}
            if depth < 64 { self.init(beside.rest, depth: depth &+ 1) } else { self.init(.null, ByteView(), -1) }
        }
    }

    private init(_ kind: RESPKind, _ content: ByteView, _ length: Int) {
        self.kind = kind
        self.content = content
        self.length = length
    }

    package var isNull: Bool { kind == .null }
    package var isError: Bool { kind == .error || kind == .bulkError }

    /// A string of whatever kind, or what an error says; nil for anything else.
    package var text: ByteView? {
        switch kind {
        case .simple, .bulk, .error, .bulkError, .bigNumber: content
        // `txt:` or `mkd:` says how it is meant to be shown.
        case .verbatim: content.dropFirst(4)
        default: nil
        }
    }

    /// An integer, as itself or as text; nil for anything else, and for one of more than 64 bits.
    package var integer: Int? {
        switch kind {
        case .integer, .simple, .bulk, .bigNumber: RESPNumber.integer(content)
        case .boolean: content == "t" ? 1 : 0
        default: nil
        }
    }

    package var double: Double? {
        switch kind {
        case .double, .integer, .simple, .bulk: RESPNumber.double(content)
        default: nil
        }
    }

    package var boolean: Bool? { kind == .boolean ? content == "t" : nil }

    /// Elements of an aggregate, both of a pair counted; 0 for anything else.
    package var count: Int { kind.isAggregate ? length : 0 }

    /// The elements of an aggregate, keys and values of a map in turn; of anything else, none.
    package var elements: RedisElements { RedisElements(kind.isAggregate ? content : ByteView(), left: count) }
}

/// Elements of an aggregate, one after the other.
package struct RedisElements: Sequence, IteratorProtocol {
    /// What follows the elements that were taken.
    private(set) var rest: ByteView
    private var left: Int

    init(_ bytes: ByteView, left: Int) {
        rest = bytes
        self.left = left
    }

    package mutating func next() -> RedisReply? { take().map { RedisReply($0) } }

    /// The next element as an integer. Nil: it is none, or there is none.
    package mutating func nextInteger() -> Int? { next()?.integer }

    mutating func skip() -> Bool { take() != nil }

    private mutating func take() -> ByteView? {
        guard left > 0 else { return nil }
        left &-= 1
        var scanner = RESPScanner()
        guard case .complete(let length) = scanner.next(rest) else {
            left = 0
            return nil
        }
        defer { rest = rest.dropFirst(length) }
        return rest.prefix(length)
    }
}
