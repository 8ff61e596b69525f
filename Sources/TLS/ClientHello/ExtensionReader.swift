import Primitives

/// Takes numbers and vectors (RFC 8446 §3.4) from the front of a message; nil where it ends too early.
struct ExtensionReader {
    private var rest: ByteView

    init(_ bytes: ByteView) { rest = bytes }

    var isEmpty: Bool { rest.isEmpty }

    mutating func number8() -> Int? {
        guard rest.count >= 1 else { return nil }
        defer { rest = rest.dropFirst(1) }
        return Int(rest[0])
    }

    mutating func number16() -> Int? {
        guard rest.count >= 2 else { return nil }
        defer { rest = rest.dropFirst(2) }
        return Int(rest[0]) << 8 | Int(rest[1])
    }

    mutating func skip(_ count: Int) -> Bool { take(count) != nil }

    /// Bytes behind their length, of one byte or of two.
    mutating func vector8() -> ByteView? { number8().flatMap { take($0) } }
    mutating func vector16() -> ByteView? { number16().flatMap { take($0) } }

    private mutating func take(_ count: Int) -> ByteView? {
        guard rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}
