internal import Primitives

/// What makes text of text (cel-go, "Strings" extension). Whatever can be a piece of the argument is a view of it.
extension ExpressionFunction {
    static let stringEditing: [ExpressionFunction] = [
        unary("lowerAscii", .member, .string, .string) { mapBytes($0, $1, ASCII.lowercase) },
        unary("upperAscii", .member, .string, .string) { mapBytes($0, $1, ASCII.uppercase) },
        unary("trim", .member, .string, .string, trim),
        unary("reverse", .member, .string, .string, reverse),
        ExpressionFunction("substring", .member, [Overload([.string, .int], .string)], .binary { substring($0, $1, nil, $2) }),
        ExpressionFunction("substring", .member, [Overload([.string, .int, .int], .string)], .ternary { substring($0, $1, $2, $3) }),
        ExpressionFunction("replace", .member, [Overload([.string, .string, .string], .string)], growth: .product, .ternary(replaceAll)),
        ExpressionFunction(
            "replace", .member, [Overload([.string, .string, .string, .int], .string)], growth: .product,
            .variadic { arguments, evaluator in replace(arguments, evaluator) }),
        ExpressionFunction(
            "split", .member, [Overload([.string, .string], .list(.string))], growth: .pieces, .binary { split($0, $1, .int(-1), $2) }),
        ExpressionFunction("split", .member, [Overload([.string, .string, .int], .list(.string))], growth: .pieces, .ternary(split)),
        ExpressionFunction(
            "join", .member, [Overload([.list(.string)], .string)], growth: .joined, .unary { join($0, .string(ByteView()), $1) }),
        ExpressionFunction("join", .member, [Overload([.list(.string), .string], .string)], growth: .joined, .binary(join)),
    ]

    private static func mapBytes(
        _ value: ExpressionValue, _ evaluator: ExpressionEvaluator, _ transform: (UInt8) -> UInt8
    ) -> ExpressionValue {
        guard case .string(let text) = value else { return .noSuchOverload }
        var isSame = true
        for i in 0..<text.count where transform(text[i]) != text[i] { isSame = false }
        guard evaluator.chargeScan(text.count) else { return .failure(.costLimitExceeded) }
        if isSame { return value }
        evaluator.output.clear()
        for i in 0..<text.count { evaluator.output.append(byte: transform(text[i])) }
        return evaluator.finishText()
    }

    private static func trim(_ value: ExpressionValue, _ evaluator: ExpressionEvaluator) -> ExpressionValue {
        guard case .string(let text) = value else { return .noSuchOverload }
        guard evaluator.chargeScan(text.count) else { return .failure(.costLimitExceeded) }
        // From the first character that is no white space to the last.
        var index = 0, start: Int?, end = 0
        while index < text.count {
            let (scalar, width) = LinearRegex.decode(text, at: index)
            if !ByteView.isWhiteSpace(scalar) {
                start = start ?? index
                end = index + width
            }
            index += width
        }
        return .string(start.map { text[$0..<end] } ?? ByteView())
    }

    private static func reverse(_ value: ExpressionValue, _ evaluator: ExpressionEvaluator) -> ExpressionValue {
        guard case .string(let text) = value else { return .noSuchOverload }
        guard evaluator.chargeScan(text.count) else { return .failure(.costLimitExceeded) }
        // The bytes backwards, and the bytes of each character backwards again.
        evaluator.output.clear()
        var index = text.count
        while index > 0 {
            var start = index - 1
            while start > 0, index - start < 4, text[start] & 0xc0 == 0x80 { start -= 1 }
            if start + text.width(at: start) != index { start = index - 1 }
            evaluator.output.append(text[start..<index])
            index = start
        }
        return evaluator.finishText()
    }

    private static func substring(
        _ value: ExpressionValue, _ start: ExpressionValue, _ end: ExpressionValue?, _ evaluator: ExpressionEvaluator
    ) -> ExpressionValue {
        guard case .string(let text) = value, case .int(let start) = start else { return .noSuchOverload }
        guard evaluator.chargeScan(text.count) else { return .failure(.costLimitExceeded) }
        guard let low = text.byteOffset(ofCodePoint: start) else { return .failure(.indexOutOfBounds) }
        guard let end else { return .string(text.dropFirst(low)) }
        guard case .int(let end) = end else { return .noSuchOverload }
        guard start <= end, let length = text.dropFirst(low).byteOffset(ofCodePoint: end - start) else { return .failure(.indexOutOfBounds) }
        return .string(text[low..<low + length])
    }

    // MARK: Replacing

    private static func replaceAll(
        _ value: ExpressionValue, _ old: ExpressionValue, _ new: ExpressionValue, _ evaluator: ExpressionEvaluator
    ) -> ExpressionValue { replace([value, old, new, .int(-1)], evaluator) }

    private static func replace(_ arguments: [ExpressionValue], _ evaluator: ExpressionEvaluator) -> ExpressionValue {
        guard arguments.count == 4, case .string(let text) = arguments[0], case .string(let old) = arguments[1], case .string(let new) = arguments[2],
            case .int(let limit) = arguments[3]
        else { return .noSuchOverload }
        guard chargeSearch(text, old, evaluator) else { return .failure(.costLimitExceeded) }
        var left = limit < 0 ? Int.max : limit
        let output = evaluator.output
        output.clear()
        var position = 0
        while left > 0, let hit = text.firstOffset(of: old, from: position) {
            // The new text may be long: it is paid for before it is written.
            guard evaluator.charge(1 + new.count >> 2) else { return .failure(.costLimitExceeded) }
            left -= 1
            guard old.isEmpty else {
                output.append(text[position..<hit])
                output.append(new)
                position = hit + old.count
                continue
            }
            // Nothing is found before every character, and at the end.
            output.append(new)
            guard position < text.count else { break }
            let width = text.width(at: position)
            output.append(text[position..<position + width])
            position += width
        }
        output.append(text.dropFirst(position))
        return evaluator.finishText()
    }

    // MARK: Lists of text

    private static func split(
        _ value: ExpressionValue, _ separator: ExpressionValue, _ limit: ExpressionValue, _ evaluator: ExpressionEvaluator
    ) -> ExpressionValue {
        guard case .string(let text) = value, case .string(let separator) = separator, case .int(let limit) = limit else { return .noSuchOverload }
        guard chargeSearch(text, separator, evaluator) else { return .failure(.costLimitExceeded) }
        var left = limit < 0 ? Int.max : limit
        guard left > 0 else { return .list(ExpressionList([])) }
        var pieces: [ExpressionValue] = []
        var position = 0
        while left > 1, position < text.count || !separator.isEmpty {
            let end = separator.isEmpty ? position + text.width(at: position) : text.firstOffset(of: separator, from: position)
            guard let end, end < text.count || !separator.isEmpty else { break }
            guard evaluator.charge(2) else { return .failure(.costLimitExceeded) }
            pieces.append(.string(text[position..<end]))
            position = end + separator.count
            left -= 1
        }
        if position < text.count || !separator.isEmpty { pieces.append(.string(text.dropFirst(position))) }
        return .list(ExpressionList(pieces))
    }

    private static func join(_ value: ExpressionValue, _ separator: ExpressionValue, _ evaluator: ExpressionEvaluator) -> ExpressionValue {
        guard case .list(let list) = value, case .string(let separator) = separator else { return .noSuchOverload }
        evaluator.output.clear()
        for (place, element) in list.elements.enumerated() {
            guard case .string(let text) = element else { return .noSuchOverload }
            guard evaluator.charge(1 + (text.count + separator.count) >> 2) else { return .failure(.costLimitExceeded) }
            if place > 0 { evaluator.output.append(separator) }
            evaluator.output.append(text)
        }
        return evaluator.finishText()
    }
}
