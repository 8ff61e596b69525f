import Expressions
import Primitives

/// What one value has to be. Values that pass cost no memory.
struct ParameterTest: Sendable {
    enum Flaw: Sendable { case type, tooSmall, tooLarge, tooShort, tooLong, pattern, format, notAllowed }

    var type = RequestValidation.Kind.string
    var minimum: Double?
    var maximum: Double?
    var minLength: Int?
    var maxLength: Int?
    var pattern: LinearRegex?
    var format: ParameterFormat?
    /// Empty: any.
    var allowed: [[UInt8]] = []

    /// The first thing that is wrong; nil: nothing.
    func flaw(in text: ByteView, regex: inout LinearRegex.Scratch) -> Flaw? {
        switch type {
        case .string: if let flaw = flaw(inString: text, &regex) { return flaw }
        case .integer, .number:
            guard type == .integer ? NumberText.isInteger(text) : NumberText.isNumber(text) else { return .type }
            if minimum != nil || maximum != nil {
                let value = NumberText.value(text)
                if let minimum, value < minimum { return .tooSmall }
                if let maximum, value > maximum { return .tooLarge }
            }
        case .boolean: guard text == "true" || text == "false" else { return .type }
        }
        if let format, !format.accepts(text) { return .format }
        guard allowed.isEmpty || allowed.contains(where: { $0.withView { $0 == text } }) else { return .notAllowed }
        return nil
    }

    private func flaw(inString text: ByteView, _ regex: inout LinearRegex.Scratch) -> Flaw? {
        if minLength != nil || maxLength != nil {
            let length = ParameterTest.characters(text)
            if let minLength, length < minLength { return .tooShort }
            if let maxLength, length > maxLength { return .tooLong }
        }
        if let pattern, !pattern.matches(text, scratch: &regex) { return .pattern }
        return nil
    }

    /// Unicode code points of UTF-8; of anything else, bytes that continue none.
    private static func characters(_ text: ByteView) -> Int {
        var count = 0
        for i in 0..<text.count where text[i] & 0xc0 != 0x80 { count += 1 }
        return count
    }

    /// For the client: what is expected, never what came.
    func message(_ flaw: Flaw) -> String {
        switch flaw {
        case .type:
            switch type {
            case .string: "must be text"
            case .integer: "must be a whole number"
            case .number: "must be a number"
            case .boolean: "must be `true` or `false`"
            }
        case .tooSmall: "must be at least \(ParameterTest.text(minimum))"
        case .tooLarge: "must be at most \(ParameterTest.text(maximum))"
        case .tooShort: "must have at least \(minLength ?? 0) characters"
        case .tooLong: "must have at most \(maxLength ?? 0) characters"
        case .pattern: "does not have the form that it must have"
        case .format: "must be \(format?.expectation ?? "in another form")"
        case .notAllowed:
            allowed.reduce(0, { $0 + $1.count }) <= 128
                ? "must be one of \(allowed.map { "`\(String(decoding: $0, as: UTF8.self))`" }.joined(separator: ", "))"
                : "must be one of the values that are allowed"
        }
    }

    private static func text(_ number: Double?) -> String {
        guard let number else { return "" }
        return Int(exactly: number).map { "\($0)" } ?? "\(number)"
    }
}
