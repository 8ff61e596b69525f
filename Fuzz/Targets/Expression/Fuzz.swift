import Expressions
import FuzzSupport
import Primitives

// Text as an expression, on variables whose values are the rest of the input: behind a NUL, if there is one. Errors point into the text; an
// evaluation ends within its budget, does the same each time, and has a value of the type that was promised at load.

// Swift keeps the case of an enum in the upper bits of a reference, where the leak checker does not see the reference: what lives as long as
// the process is made without it.
@_silgen_name("__lsan_disable") private func disableLeakChecker()
@_silgen_name("__lsan_enable") private func enableLeakChecker()

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(start, count) { bytes in
        let end = bytes.firstIndex(of: 0) ?? bytes.count
        withCopy(bytes.dropFirst(end + 1)) { evaluate(bytes.prefix(end).string, $0) }
    }
    return 0
}

private func evaluate(_ text: String, _ data: ByteView) {
    let host = Host(data)
    do throws(ExpressionError) {
        let expression = try Expression(text, in: environment)
        let evaluator = ExpressionEvaluator()
        let first = expression.evaluate(host, with: evaluator)
        let cost = evaluator.cost
        check(cost <= ExpressionLimits.standard.cost, "\(cost) steps")
        check(first.isError == (evaluator.lastError != nil), "an error without a reason, or the other way round")
        check(first.isError || isOf(first, expression.type), "\(first.description) is no \(expression.type)")
        let shown = first.description
        check(shown.utf8.count <= 100 * ExpressionLimits.standard.cost, "a value of \(shown.utf8.count) bytes")
        if let failure = first.failure { _ = expression.describe(failure) }
        let again = expression.evaluate(host, with: evaluator)
        check(again.description == shown && again.failure == first.failure && evaluator.cost == cost, "not the same again: \(shown)")
        if let constant = expression.constant { check(constant.description == shown, "the constant is \(constant.description), the value \(shown)") }
    } catch {
        for error in error.all {
            check(error.offset >= 0 && error.offset <= text.utf8.count, "\(error.offset) is outside of the text")
            check(error.line >= 1 && error.column >= 1 && !error.message.isEmpty, "an error without a place")
        }
    }
}

/// Elements included.
private func isOf(_ value: ExpressionValue, _ type: ExpressionType) -> Bool {
    switch (value, type) {
    case (.list(let list), .list(let element)): list.elements.allSatisfy { isOf($0, element) }
    case (.map(let map), .map(let key, let element)): map.keys.allSatisfy { isOf($0, key) } && map.values.allSatisfy { isOf($0, element) }
    case (_, .dyn), (.null, .null), (.bool, .bool), (.int, .int), (.uint, .uint), (.double, .double), (.string, .string), (.bytes, .bytes),
        (.duration, .duration), (.timestamp, .timestamp), (.ip, .ip), (.cidr, .cidr), (.type, .type):
        true
    default: false
    }
}

private let environment: ExpressionEnvironment = {
    disableLeakChecker()
    defer { enableLeakChecker() }
    let environment = ExpressionEnvironment(variables)
    // Makes the table of functions.
    _ = try? Expression("size(s)", in: environment)
    return environment
}()

private let variables: [ExpressionEnvironment.Variable] = [
    .init(
        "request",
        .object(
            ExpressionObject([
                .init("path", .string, id: 1), .init("host", .string, id: 2), .init("headers", .map(.string, .string), id: 3, foldsKeys: true),
                .init("size", .int, id: 4), .init("time", .timestamp, id: 5), .init("body", .bytes, id: 6),
            ]))),
    .init("source", .object(ExpressionObject([.init("ip", .string, id: 7), .init("port", .int, id: 8)]))),
    .init("claims", .map(.string, .dyn), id: 9), .init("groups", .list(.string), id: 10), .init("unset", .bool, id: 11),
    .init("u", .uint, id: 12), .init("d", .double, id: 13), .init("s", .string, id: 1), .init("n", .int, id: 14),
]

/// One piece of bytes in many guises.
private final class Host: ExpressionVariables {
    private let data: ByteView

    init(_ data: ByteView) { self.data = data }

    private var number: UInt64 {
        var value: UInt64 = 0
        for i in 0..<min(8, data.count) { value = value << 8 | UInt64(data[i]) }
        return value
    }

    func value(_ id: UInt16, _ scratch: ByteBuffer) -> ExpressionValue? {
        switch id {
        case 1, 7: return .string(data)
        case 2:
            scratch.append("made of ")
            scratch.append(data)
            return .string(scratch.view)
        case 4, 8: return .int(data.count)
        case 5: return ExpressionTimestamp(seconds: Int(number >> 28)).map { .timestamp($0) }
        case 6: return .bytes(data)
        case 12: return .uint(UInt(number))
        case 13: return .double(Double(bitPattern: number))
        case 14: return .int(Int(truncatingIfNeeded: number))
        default: return nil
        }
    }

    func entry(_ id: UInt16, key: ByteView, _ scratch: ByteBuffer) -> ExpressionValue? {
        switch id {
        case 3 where key == "host": return .string(data)
        case 3 where key == "made":
            scratch.append(data)
            scratch.append(data)
            return .string(scratch.view)
        case 9 where key == "n": return .int(Int(truncatingIfNeeded: number))
        case 9 where key == "l": return whole(10)
        case 9 where key == "s": return .string(data)
        default: return nil
        }
    }

    func whole(_ id: UInt16) -> ExpressionValue? {
        switch id {
        case 3: return ExpressionMap([(key: .string(ByteView("host")), value: .string(data))]).map { .map($0) }
        case 9:
            return ExpressionMap([(key: .string(ByteView("s")), value: .string(data)), (key: .string(ByteView("n")), value: .int(7))]).map {
                .map($0)
            }
        case 10: return .list(ExpressionList((0..<min(50, data.count)).map { .string(data.dropFirst($0)) }))
        default: return nil
        }
    }
}
