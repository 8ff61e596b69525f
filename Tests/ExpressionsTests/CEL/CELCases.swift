import Foundation
import Primitives

@testable import Expressions

/// Cases in the manner of cel-spec's simple tests: lines of name, expression and what comes of it, separated by tabs. A line `@name`, type, value
/// declares a variable for the cases below it; "-" for the value leaves it unset. `⏎` stands for a line end, `⇥` for a tab.
struct CELCase: CustomStringConvertible {
    let line: Int
    let name: String, expression: String, expected: String
    let variables: [(name: String, type: String, value: String)]

    var description: String { "line \(line), \(name): \(expression)" }

    static func read(_ file: String) throws -> [CELCase] {
        var variables: [(name: String, type: String, value: String)] = []
        var cases: [CELCase] = []
        for (line, fields) in try CaseFile.lines("cel/\(file).txt", file: support) {
            let texts = fields.map { $0.replacing("⏎", with: "\n").replacing("⇥", with: "\t") }
            guard texts.count == 3 else {
                cases.append(CELCase(line: line, name: "?", expression: "", expected: "three fields", variables: []))
                continue
            }
            if texts[0].hasPrefix("@") {
                variables.removeAll { "@\($0.name)" == texts[0] }
                variables.append((String(texts[0].dropFirst()), texts[1], texts[2]))
            } else {
                cases.append(CELCase(line: line, name: texts[0], expression: texts[1], expected: texts[2], variables: variables))
            }
        }
        return cases
    }

    /// `CaseFile` looks beside the file that it is given.
    private static var support: String { #filePath.replacing("/CEL/CELCases.swift", with: "/CaseFile.swift") }

    /// What comes of it, written as the table does.
    func outcome(gateway: Bool) -> String {
        let host = gateway ? CELGateway.variables() : CELVariables()
        var declared: [ExpressionEnvironment.Variable] = gateway ? CELGateway.environment.variables : []
        for (place, variable) in variables.enumerated() {
            let id = UInt16(1_000 + place)
            guard let type = CELText.type(variable.type) else { return "no type \(variable.type)" }
            declared.append(.init(variable.name, type, id: id))
            guard variable.value != "-" else { continue }
            guard let value = try? Expression(variable.value, in: ExpressionEnvironment([])), let constant = value.constant else {
                return "no value \(variable.value)"
            }
            host.keep(value)
            host.values[Int(id)] = constant
        }
        do throws(ExpressionError) {
            let compiled = try Expression(expression, in: ExpressionEnvironment(declared))
            let evaluator = ExpressionEvaluator()
            let value = compiled.evaluate(host, with: evaluator)
            if let failure = value.failure { return "error: \(expected.contains(" at ") ? compiled.describe(failure) : failure.description)" }
            guard CELText.fits(value, compiled.type) else { return "\(CELText.show(value)) of static type \(compiled.type)" }
            return CELText.show(value)
        } catch {
            return "refused \(error.all.map(\.description).joined(separator: " / "))"
        }
    }

    /// Refusals are compared by how they begin and, behind "…", what they contain.
    func isMet(by outcome: String) -> Bool {
        guard expected.hasPrefix("refused ") else { return outcome == expected }
        let parts = expected.split(separator: "…").map { $0.trimmingCharacters(in: .whitespaces) }
        return outcome.hasPrefix(parts[0]) && parts.dropFirst().allSatisfy { outcome.contains($0) }
    }
}

/// Types and values as the tables write them: type and value are both to be seen.
enum CELText {
    static func type(_ text: some StringProtocol) -> ExpressionType? {
        let simple: [String: ExpressionType] = [
            "bool": .bool, "int": .int, "uint": .uint, "double": .double, "string": .string, "bytes": .bytes, "null": .null,
            "duration": .duration, "timestamp": .timestamp, "ip": .ip, "cidr": .cidr, "type": .type, "dyn": .dyn,
        ]
        if let type = simple[String(text)] { return type }
        guard text.hasSuffix(")"), let parenthesis = text.firstIndex(of: "(") else { return nil }
        let inner = text[text.index(after: parenthesis)...].dropLast()
        if text.hasPrefix("list(") { return type(inner).map { .list($0) } }
        guard text.hasPrefix("map("), let comma = inner.firstRange(of: ", ") else { return nil }
        guard let key = type(inner[..<comma.lowerBound]), let value = type(inner[comma.upperBound...]) else { return nil }
        return .map(key, value)
    }

    static func show(_ value: ExpressionValue) -> String {
        switch value {
        case .null: "null"
        case .uint: "\(value.description)u"
        case .double(let number): "double \(number.description)"
        case .string(let text): quote(text)
        case .bytes(let bytes): "b" + quote(bytes)
        case .duration, .timestamp, .ip, .cidr: "\(value.typeName.map { short($0) } ?? "")(\(value.description))"
        case .list(let list): "[" + list.elements.map(show).joined(separator: ", ") + "]"
        case .map(let map): "{" + zip(map.keys, map.values).map { "\(show($0)): \(show($1))" }.joined(separator: ", ") + "}"
        case .type(let name): "type \(name.rawValue)"
        case .bool, .int: value.description
        case .error(let failure): "error: \(failure)"
        }
    }

    private static func short(_ type: ExpressionValue.TypeName) -> String {
        switch type {
        case .duration: "duration"
        case .timestamp: "timestamp"
        case .ip: "ip"
        default: "cidr"
        }
    }

    private static func quote(_ text: ByteView) -> String {
        var result = "\""
        for scalar in text.string.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\n": result += "\\n"
            case "\u{0}"..<" ", "\u{7f}": result += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// What is computed is of the type that was promised at load.
    static func fits(_ value: ExpressionValue, _ type: ExpressionType) -> Bool {
        switch (value, type) {
        case (.list(let list), .list(let element)): list.elements.allSatisfy { fits($0, element) }
        case (.map(let map), .map(let key, let element)): map.keys.allSatisfy { fits($0, key) } && map.values.allSatisfy { fits($0, element) }
        default: value.isOf(type)
        }
    }
}
