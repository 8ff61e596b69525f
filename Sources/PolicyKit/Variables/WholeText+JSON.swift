import Expressions
import Primitives

extension WholeText {
    /// A JSON value as expressions see it; nil when an object's keys can't be a map's. Whole numbers are `int`, others `double`.
    func value(of json: JSON) -> ExpressionValue? {
        var places: [Range<Int>] = []
        keepTexts(of: json, &places)
        // Only now does the buffer move no more.
        var next = places.makeIterator()
        return lend(json, &next)
    }

    /// Texts in the order in which `lend` needs them.
    private func keepTexts(of json: JSON, _ places: inout [Range<Int>]) {
        switch json {
        case .string(let text): places.append(text.withView(keep))
        case .array(let values): for value in values { keepTexts(of: value, &places) }
        case .object(let object):
            for (name, value) in object.members {
                places.append(name.withView(keep))
                keepTexts(of: value, &places)
            }
        case .null, .bool, .number: break
        }
    }

    private func lend(_ json: JSON, _ next: inout IndexingIterator<[Range<Int>]>) -> ExpressionValue? {
        switch json {
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .number(let number): return ExpressionValue(number)
        case .string: return .string(view(next.next() ?? 0..<0))
        case .array(let values):
            var elements: [ExpressionValue] = []
            elements.reserveCapacity(values.count)
            for value in values {
                guard let element = lend(value, &next) else { return nil }
                elements.append(element)
            }
            return .list(ExpressionList(elements))
        case .object(let object):
            var entries: [(key: ExpressionValue, value: ExpressionValue)] = []
            entries.reserveCapacity(object.members.count)
            for member in object.members {
                let key = ExpressionValue.string(view(next.next() ?? 0..<0))
                guard let value = lend(member.value, &next) else { return nil }
                entries.append((key, value))
            }
            return ExpressionMap(entries).map { .map($0) }
        }
    }
}

extension ExpressionValue {
    init(_ number: JSONNumber) { self = number.int.map { .int($0) } ?? .double(number.double) }
}
