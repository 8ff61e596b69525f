internal import Primitives

/// Conversions between types (cel-spec, "Standard Environment"). What does not fit, or cannot be read, is an error.
extension ExpressionFunction {
    static let conversions: [ExpressionFunction] = [
        ExpressionFunction("int", [.int, .uint, .double, .string, .timestamp].map { Overload([$0], .int) }, .unary(toInt)),
        ExpressionFunction("uint", [.uint, .int, .double, .string].map { Overload([$0], .uint) }, .unary(toUInt)),
        ExpressionFunction("double", [.double, .int, .uint, .string].map { Overload([$0], .double) }, .unary(toDouble)),
        ExpressionFunction(
            "string",
            [.string, .int, .uint, .double, .bool, .bytes, .timestamp, .duration, .ip, .cidr].map { Overload([$0], .string) }, .unary(toString)),
        ExpressionFunction("bytes", [.bytes, .string].map { Overload([$0], .bytes) }, .unary(toBytes)),
        ExpressionFunction("bool", [.bool, .string].map { Overload([$0], .bool) }, .unary(toBool)),
        ExpressionFunction("duration", [.duration, .string].map { Overload([$0], .duration) }, mustSucceed: true, .unary(toDuration)),
        ExpressionFunction("timestamp", [.timestamp, .string, .int].map { Overload([$0], .timestamp) }, mustSucceed: true, .unary(toTimestamp)),
        unary("dyn", .dyn, .dyn) { value, _ in value },
        unary("type", .dyn, .type) { value, _ in value.typeName.map { .type($0) } ?? value },
    ]

    private static func toInt(_ value: ExpressionValue, _: ExpressionEvaluator) -> ExpressionValue {
        switch value {
        case .int: value
        case .uint(let number): Int(exactly: number).map { .int($0) } ?? .failure(.range)
        // The bounds themselves are refused: a double cannot tell them from their neighbours beyond.
        case .double(let number): number > -0x1p63 && number < 0x1p63 ? .int(Int(number)) : .failure(.range)
        case .string(let text): signed(text).map { .int($0) } ?? .failure(.invalidArgument)
        case .timestamp(let time): .int(time.seconds)
        default: .noSuchOverload
        }
    }

    private static func toUInt(_ value: ExpressionValue, _: ExpressionEvaluator) -> ExpressionValue {
        switch value {
        case .uint: value
        case .int(let number): UInt(exactly: number).map { .uint($0) } ?? .failure(.range)
        case .double(let number): number >= 0 && number < 0x1p64 ? .uint(UInt(number)) : .failure(.range)
        case .string(let text): unsigned(text).map { .uint($0) } ?? .failure(.invalidArgument)
        default: .noSuchOverload
        }
    }

    private static func toDouble(_ value: ExpressionValue, _: ExpressionEvaluator) -> ExpressionValue {
        switch value {
        case .double: value
        case .int(let number): .double(Double(number))
        case .uint(let number): .double(Double(number))
        case .string(let text): double(text).map { .double($0) } ?? .failure(.invalidArgument)
        default: .noSuchOverload
        }
    }

    private static func toString(_ value: ExpressionValue, _ evaluator: ExpressionEvaluator) -> ExpressionValue {
        switch value {
        case .string: return value
        case .bytes(let bytes):
            guard evaluator.chargeScan(bytes.count) else { return .failure(.costLimitExceeded) }
            return bytes.isUTF8 ? .string(bytes) : .failure(.invalidUTF8)
        case .int, .uint, .double, .bool, .timestamp, .duration, .ip, .cidr:
            evaluator.output.clear()
            value.write(to: evaluator.output)
            return evaluator.finishText()
        default: return .noSuchOverload
        }
    }

    private static func toBytes(_ value: ExpressionValue, _: ExpressionEvaluator) -> ExpressionValue {
        switch value {
        case .bytes: value
        case .string(let text): .bytes(text)
        default: .noSuchOverload
        }
    }

    private static func toBool(_ value: ExpressionValue, _: ExpressionEvaluator) -> ExpressionValue {
        guard case .string(let text) = value else { return value.typeName == .bool ? value : .noSuchOverload }
        let yes: [StaticString] = ["true", "TRUE", "True", "t", "1"], no: [StaticString] = ["false", "FALSE", "False", "f", "0"]
        for word in yes where text == word { return .bool(true) }
        for word in no where text == word { return .bool(false) }
        return .failure(.invalidArgument)
    }

    private static func toDuration(_ value: ExpressionValue, _: ExpressionEvaluator) -> ExpressionValue {
        guard case .string(let text) = value else { return value.typeName == .duration ? value : .noSuchOverload }
        switch ExpressionDuration.parse(text) {
        case .success(let duration): return .duration(duration)
        case .failure(.outOfRange): return .failure(.range)
        case .failure(.malformed): return .failure(.invalidArgument)
        }
    }

    private static func toTimestamp(_ value: ExpressionValue, _: ExpressionEvaluator) -> ExpressionValue {
        switch value {
        case .timestamp: return value
        case .int(let seconds): return ExpressionTimestamp(seconds: seconds).map { .timestamp($0) } ?? .failure(.range)
        case .string(let text):
            switch ExpressionTimestamp.parse(text) {
            case .success(let time): return .timestamp(time)
            case .failure(.outOfRange): return .failure(.range)
            case .failure(.malformed): return .failure(.invalidArgument)
            }
        default: return .noSuchOverload
        }
    }

    // MARK: Reading numbers

    private static func unsigned(_ text: ByteView) -> UInt? {
        guard text.count > 0, text.count <= 20 else { return nil }
        var value: UInt = 0
        for i in 0..<text.count {
            guard ASCII.isDigit(text[i]) else { return nil }
            let (product, isOver) = value.multipliedReportingOverflow(by: 10)
            let (sum, carries) = product.addingReportingOverflow(UInt(text[i] &- 0x30))
            if isOver || carries { return nil }
            value = sum
        }
        return value
    }

    private static func signed(_ text: ByteView) -> Int? {
        let isNegative = !text.isEmpty && text[0] == UInt8(ascii: "-")
        let hasSign = isNegative || (!text.isEmpty && text[0] == UInt8(ascii: "+"))
        guard let magnitude = unsigned(text.dropFirst(hasSign ? 1 : 0)) else { return nil }
        if isNegative { return magnitude <= UInt(Int.max) + 1 ? Int(truncatingIfNeeded: 0 &- magnitude) : nil }
        return Int(exactly: magnitude)
    }

    private static func double(_ text: ByteView) -> Double? {
        // Longer than any number whose digits matter, short enough to copy.
        guard text.count > 0, text.count <= 400 else { return nil }
        var hasDigit = false
        for i in 0..<text.count {
            switch text[i] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): hasDigit = true
            case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): break
            default: return special(text)
            }
        }
        guard hasDigit, let value = Double(text.string), value.isFinite else { return nil }
        return value
    }

    private static func special(_ text: ByteView) -> Double? {
        let isNegative = text[0] == UInt8(ascii: "-")
        let name = text.dropFirst(isNegative || text[0] == UInt8(ascii: "+") ? 1 : 0)
        if name.equalsIgnoringCase("inf") || name.equalsIgnoringCase("infinity") { return isNegative ? -.infinity : .infinity }
        return name.count == text.count && name.equalsIgnoringCase("nan") ? .nan : nil
    }
}
