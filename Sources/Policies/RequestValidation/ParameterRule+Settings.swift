import Expressions
import PolicyKit
import Primitives
import Schema

extension ParameterRule {
    init(_ parameter: RequestValidation.Parameter, path: String) throws(PolicyError) {
        try ParameterRule.check(parameter, path)
        place = parameter.in
        name = Array((place == .header ? parameter.name.lowercased() : parameter.name).utf8)
        title = place == .path || place == .query ? "\(place.rawValue) parameter `\(parameter.name)`" : "\(place.rawValue) `\(parameter.name)`"
        isRequired = parameter.required
        var test = ParameterTest()
        test.type = parameter.type
        test.minimum = parameter.minimum
        test.maximum = parameter.maximum
        test.minLength = parameter.minLength
        test.maxLength = parameter.maxLength
        test.format = parameter.format
        if let pattern = parameter.pattern {
            do throws(LinearRegex.SyntaxError) {
                test.pattern = try LinearRegex(pattern)
            } catch {
                throw PolicyError("\(error)", at: parameter.$pattern.position, path: "\(path).pattern")
            }
        }
        var regex = LinearRegex.Scratch()
        for text in parameter.enum {
            // What the other rules refuse could never be chosen.
            if let flaw = text.withView({ test.flaw(in: $0, regex: &regex) }) {
                throw PolicyError(
                    "`\(text)` \(test.message(flaw)), says the rest of the parameter", at: parameter.$enum.position, path: "\(path).enum")
            }
        }
        test.allowed = parameter.enum.map { Array($0.utf8) }
        self.test = test
    }

    private static func check(_ parameter: RequestValidation.Parameter, _ path: String) throws(PolicyError) {
        let isToken = parameter.in == .header || parameter.in == .cookie
        guard !parameter.name.isEmpty, !isToken || parameter.name.utf8.allSatisfy(ASCII.isToken) else {
            throw PolicyError(
                "`\(parameter.name)` can't be the name of a \(parameter.in.rawValue)", at: parameter.$name.position, path: "\(path).name")
        }
        let isNumeric = parameter.type == .integer || parameter.type == .number
        let isText = parameter.type == .string
        try fits(isNumeric, parameter.$minimum, "minimum", parameter, path)
        try fits(isNumeric, parameter.$maximum, "maximum", parameter, path)
        try fits(isText, parameter.$minLength, "minLength", parameter, path)
        try fits(isText, parameter.$maxLength, "maxLength", parameter, path)
        try fits(isText, parameter.$pattern, "pattern", parameter, path)
        if let format = parameter.format {
            try fits(format.isOfIntegers ? parameter.type == .integer : isText, parameter.$format, "format: \(format.rawValue)", parameter, path)
        }
        if let least = parameter.minimum, let most = parameter.maximum, least > most {
            throw PolicyError("no number is at least `minimum` and at most `maximum`", at: parameter.$maximum.position, path: "\(path).maximum")
        }
        if let least = parameter.minLength, let most = parameter.maxLength, least > most {
            throw PolicyError("`maxLength` is less than `minLength`", at: parameter.$maxLength.position, path: "\(path).maxLength")
        }
    }

    /// A rule that could never have an effect is a mistake.
    private static func fits<Value>(
        _ isFitting: Bool, _ setting: Setting<Value?>, _ name: String, _ parameter: RequestValidation.Parameter, _ path: String
    ) throws(PolicyError) {
        guard setting.wrappedValue == nil || isFitting else {
            throw PolicyError(
                "`\(name)` means nothing for the type `\(parameter.type.rawValue)`", at: setting.position,
                path: "\(path).\(name.prefix { $0 != ":" })", remedy: "change `type`, or leave it out")
        }
    }
}
