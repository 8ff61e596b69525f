internal import Primitives

/// What is asked about text. Positions are code points, from 0 (cel-go, "Strings" extension).
extension ExpressionFunction {
    static let strings: [ExpressionFunction] = [
        ExpressionFunction(
            "size", .either, [.string, .bytes, .list(.dyn), .map(.dyn, .dyn)].map { Overload([$0], .int) }, .unary(size)),
        ExpressionFunction("startsWith", .member, [Overload([.string, .string], .bool)], .binary(startsWith)),
        ExpressionFunction("endsWith", .member, [Overload([.string, .string], .bool)], .binary(endsWith)),
        ExpressionFunction("contains", .member, [Overload([.string, .string], .bool)], .binary(contains)),
        ExpressionFunction("matches", .either, [Overload([.string, .string], .bool)], .matches),
        ExpressionFunction("charAt", .member, [Overload([.string, .int], .string)], .binary(charAt)),
        ExpressionFunction("indexOf", .member, [Overload([.string, .string], .int)], .binary { indexOf($0, $1, .int(0), $2) }),
        ExpressionFunction("indexOf", .member, [Overload([.string, .string, .int], .int)], .ternary(indexOf)),
        ExpressionFunction("lastIndexOf", .member, [Overload([.string, .string], .int)], .binary { lastIndexOf($0, $1, nil, $2) }),
        ExpressionFunction("lastIndexOf", .member, [Overload([.string, .string, .int], .int)], .ternary { lastIndexOf($0, $1, $2, $3) }),
    ]

    private static func size(_ value: ExpressionValue, _ evaluator: ExpressionEvaluator) -> ExpressionValue {
        switch value {
        case .string(let text):
            guard evaluator.chargeScan(text.count) else { return .failure(.costLimitExceeded) }
            return .int(text.codePointCount)
        case .bytes(let bytes): return .int(bytes.count)
        case .list(let list): return .int(list.elements.count)
        case .map(let map): return .int(map.keys.count)
        default: return .noSuchOverload
        }
    }

    private static func startsWith(_ value: ExpressionValue, _ part: ExpressionValue, _ evaluator: ExpressionEvaluator) -> ExpressionValue {
        guard case .string(let text) = value, case .string(let part) = part else { return .noSuchOverload }
        guard evaluator.charge(part.count >> 6) else { return .failure(.costLimitExceeded) }
        return .bool(text.hasPrefix(part))
    }

    private static func endsWith(_ value: ExpressionValue, _ part: ExpressionValue, _ evaluator: ExpressionEvaluator) -> ExpressionValue {
        guard case .string(let text) = value, case .string(let part) = part else { return .noSuchOverload }
        guard evaluator.charge(part.count >> 6) else { return .failure(.costLimitExceeded) }
        return .bool(text.count >= part.count && text.dropFirst(text.count - part.count) == part)
    }

    /// Searching may compare the whole part at every place.
    static func chargeSearch(_ text: ByteView, _ part: ByteView, _ evaluator: ExpressionEvaluator) -> Bool {
        let (product, isOver) = (1 + text.count >> 3).multipliedReportingOverflow(by: 1 + part.count >> 6)
        return evaluator.charge(isOver ? .max >> 1 : product)
    }

    private static func contains(_ value: ExpressionValue, _ part: ExpressionValue, _ evaluator: ExpressionEvaluator) -> ExpressionValue {
        guard case .string(let text) = value, case .string(let part) = part else { return .noSuchOverload }
        guard chargeSearch(text, part, evaluator) else { return .failure(.costLimitExceeded) }
        return .bool(text.firstOffset(of: part) != nil)
    }

    private static func charAt(_ value: ExpressionValue, _ place: ExpressionValue, _ evaluator: ExpressionEvaluator) -> ExpressionValue {
        guard case .string(let text) = value, case .int(let place) = place else { return .noSuchOverload }
        guard evaluator.chargeScan(text.count) else { return .failure(.costLimitExceeded) }
        guard let start = text.byteOffset(ofCodePoint: place) else { return .failure(.indexOutOfBounds) }
        return .string(start == text.count ? ByteView() : text[start..<start + text.width(at: start)])
    }

    private static func indexOf(
        _ value: ExpressionValue, _ part: ExpressionValue, _ offset: ExpressionValue, _ evaluator: ExpressionEvaluator
    ) -> ExpressionValue {
        guard case .string(let text) = value, case .string(let part) = part, case .int(let offset) = offset else { return .noSuchOverload }
        guard chargeSearch(text, part, evaluator) else { return .failure(.costLimitExceeded) }
        guard offset >= 0 else { return .failure(.indexOutOfBounds) }
        if part.isEmpty { return .int(offset) }
        guard let start = text.byteOffset(ofCodePoint: offset), let hit = text.firstOffset(of: part, from: start) else { return .int(-1) }
        return .int(text.prefix(hit).codePointCount)
    }

    private static func lastIndexOf(
        _ value: ExpressionValue, _ part: ExpressionValue, _ offset: ExpressionValue?, _ evaluator: ExpressionEvaluator
    ) -> ExpressionValue {
        guard case .string(let text) = value, case .string(let part) = part else { return .noSuchOverload }
        guard chargeSearch(text, part, evaluator) else { return .failure(.costLimitExceeded) }
        var end = text.count
        if let offset {
            guard case .int(let place) = offset else { return .noSuchOverload }
            guard place >= 0 else { return .failure(.indexOutOfBounds) }
            if part.isEmpty { return offset }
            guard let start = text.byteOffset(ofCodePoint: place), start < text.count else { return .int(-1) }
            end = start
        }
        guard let hit = text.lastOffset(of: part, upTo: end) else { return .int(-1) }
        return .int(text.prefix(hit).codePointCount)
    }
}
