package import Primitives

/// Finds where replies end, in bytes that arrive in pieces: nothing is looked at twice, but the line of a string whose end has not come.
///
/// The scanner checks every byte that tells a length or a type, so that whoever reads a reply that it has found need not.
package struct RESPScanner {
    package enum Step: Equatable {
        case incomplete
        /// The reply is so many bytes long; the scanner is ready for the next.
        case complete(Int)
        case malformed(RESPFlaw)
    }

    private struct Level {
        var left: Int
        /// What it holds stands beside the value that follows.
        let isAttribute: Bool
    }

    private let limits: RESPLimits
    /// Where the next value of the reply begins, and up to where no line ends.
    private var place = 0
    private var searched = 0
    private var elements = 0
    private var levels: ContiguousArray<Level> = []

    package init(_ limits: RESPLimits = RESPLimits()) { self.limits = limits }

    /// - Parameter bytes: all that has come of the reply, from its first byte on, and perhaps more.
    package mutating func next(_ bytes: ByteView) -> Step {
        while place < bytes.count {
            let value: Value
            do throws(RESPFlaw) {
                guard let found = try look(bytes) else { break }
                value = found
            } catch {
                return .malformed(error)
            }
            place = value.end
            searched = 0
            if let step = enter(value) { return step }
        }
        return bytes.count > limits.bytes ? .malformed(.size) : .incomplete
    }

    private struct Value {
        let kind: RESPKind
        /// Elements that follow; nil: the value is whole.
        let elements: Int?
        let end: Int
    }

    /// The value at `place`, if all of it has come; of an aggregate, its length.
    private mutating func look(_ bytes: ByteView) throws(RESPFlaw) -> Value? {
        guard let kind = RESPKind(rawValue: bytes[place]) else { throw .kind }
        guard let lineEnd = try endOfLine(bytes) else { return nil }
        let line = bytes[place &+ 1..<lineEnd]
        let next = lineEnd &+ 2
        switch kind {
        case .simple, .error: return Value(kind: kind, elements: nil, end: next)
        case .integer, .null, .boolean, .double, .bigNumber:
            guard RESPNumber.isScalar(line, kind) else { throw .number }
            return Value(kind: kind, elements: nil, end: next)
        case .bulk, .bulkError, .verbatim:
            guard let length = RESPNumber.length(line) else { throw .number }
            guard length >= 0 else {
                if kind == .bulk { return Value(kind: kind, elements: nil, end: next) }
                throw .number
            }
            guard length <= limits.bytes else { throw .size }
            let end = next &+ length
            guard end &+ 2 <= bytes.count else { return nil }
            guard bytes[end] == 0x0d, bytes[end &+ 1] == 0x0a else { throw .end }
            return Value(kind: kind, elements: nil, end: end &+ 2)
        case .array, .map, .set, .attribute, .push:
            guard let length = RESPNumber.length(line) else { throw .number }
            guard length >= 0 else {
                if kind == .array { return Value(kind: kind, elements: nil, end: next) }
                throw .number
            }
            guard length <= limits.elements else { throw .size }
            return Value(kind: kind, elements: kind.elements(length), end: next)
        }
    }

    /// Where the line at `place` ends: at the first CR, which LF has to follow.
    private mutating func endOfLine(_ bytes: ByteView) throws(RESPFlaw) -> Int? {
        guard let end = bytes.firstIndex(of: 0x0d, from: max(place &+ 1, searched)) else {
            searched = bytes.count
            guard bytes.count &- place <= limits.line else { throw .line }
            return nil
        }
        guard end &- place <= limits.line else { throw .line }
        guard end &+ 1 < bytes.count else {
            searched = end
            return nil
        }
        guard bytes[end &+ 1] == 0x0a else { throw .line }
        return end
    }

    /// Takes a value; not nil: the reply ends with it, or is none.
    private mutating func enter(_ value: Value) -> Step? {
        guard let count = value.elements else { return finish() }
        if value.kind == .push, !levels.isEmpty { return .malformed(.nesting) }
        elements &+= count
        guard elements <= limits.elements else { return .malformed(.size) }
        let isAttribute = value.kind == .attribute
        if count == 0 { return isAttribute ? nil : finish() }
        guard levels.count < limits.depth else { return .malformed(.nesting) }
        levels.append(Level(left: count, isAttribute: isAttribute))
        return nil
    }

    /// A value is whole, and with it perhaps those that it is the last of.
    private mutating func finish() -> Step? {
        while let level = levels.last {
            levels[levels.count &- 1].left = level.left &- 1
            if level.left > 1 { return nil }
            levels.removeLast()
            if level.isAttribute { return nil }
        }
        defer {
            place = 0
            elements = 0
        }
        return place > limits.bytes ? .malformed(.size) : .complete(place)
    }
}
