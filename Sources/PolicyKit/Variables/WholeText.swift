import Expressions
import Primitives

/// Memory for a map or list that an expression asks for as a whole. Its texts are views, valid until the next evaluation.
package final class WholeText {
    private let buffer = ByteBuffer()

    func clear() { buffer.shrink(to: 64 << 10) }

    /// How a map treats its keys.
    enum Keys {
        /// As they are; the first of several values counts.
        case plain
        /// In lower case; several values are one list (RFC 9110 §5.3), as in a look-up of one field.
        case fields
    }

    /// A map of what `fill` adds.
    func map(_ keys: Keys, _ fill: ((_ name: ByteView, _ value: ByteView) -> Void) -> Void) -> ExpressionValue? {
        var places: [(name: Range<Int>, values: [Range<Int>])] = []
        var known: [[UInt8]: Int] = [:]
        fill { name, value in
            let key = keys == .fields ? name.array.map(ASCII.lowercase) : name.array
            if let place = known[key] {
                if keys == .fields { places[place].values.append(keep(value)) }
                return
            }
            known[key] = places.count
            places.append((key.withView(keep), [keep(value)]))
        }
        let joined = places.map { ($0.name, join($0.values)) }
        // Only now does the buffer move no more.
        return ExpressionMap(joined.map { (.string(buffer.view($0)), .string(buffer.view($1))) }).map { .map($0) }
    }

    func list(_ texts: [String]) -> ExpressionValue {
        let places = texts.map { $0.withView(keep) }
        return .list(ExpressionList(places.map { .string(buffer.view($0)) }))
    }

    func view(_ range: Range<Int>) -> ByteView { buffer.view(range) }

    func keep(_ bytes: ByteView) -> Range<Int> {
        let start = buffer.count
        buffer.append(bytes)
        return start..<buffer.count
    }

    private func join(_ values: [Range<Int>]) -> Range<Int> {
        guard values.count > 1 else { return values.first ?? 0..<0 }
        buffer.reserve(values.reduce(0) { $0 + $1.count + 2 })
        let start = buffer.count
        for (i, value) in values.enumerated() {
            if i > 0 { buffer.append(", ") }
            buffer.append(buffer.view(value))
        }
        return start..<buffer.count
    }
}
