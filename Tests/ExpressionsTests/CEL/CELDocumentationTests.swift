import Foundation
import Testing

@testable import Expressions

/// The examples in `docs/expressions.md` give what the page says.
@Suite struct CELDocumentationTests {
    private static func examples() throws -> [(line: Int, expression: String, value: String)] {
        var root = URL(filePath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        let page = try String(contentsOf: root.appending(path: "docs/expressions.md"), encoding: .utf8)
        var examples: [(line: Int, expression: String, value: String)] = []
        var isTable = false
        for (place, line) in page.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let cells = line.replacing("\\|", with: "⏐").split(separator: "|").map {
                $0.trimmingCharacters(in: .whitespaces).replacing("⏐", with: "|")
            }
            if cells.suffix(2) == ["example", "value"] { isTable = true }
            if line.isEmpty { isTable = false }
            guard isTable, cells.count == 3, cells[1].hasPrefix("`") else { continue }
            examples.append((place + 1, String(cells[1].dropFirst().dropLast()), String(cells[2].dropFirst().dropLast())))
        }
        return examples
    }

    @Test func examplesGiveWhatThePageSays() throws {
        let examples = try Self.examples()
        #expect(examples.count >= 55)
        let evaluator = ExpressionEvaluator(), host = CELGateway.variables()
        for (line, text, value) in examples {
            let expression = try Expression(text, in: CELGateway.environment)
            #expect(CELText.show(expression.evaluate(host, with: evaluator)) == value, "docs/expressions.md:\(line): \(text)")
        }
    }

    /// Every function and every reason has its place on the page.
    @Test func thePageIsComplete() throws {
        var root = URL(filePath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        let page = try String(contentsOf: root.appending(path: "docs/expressions.md"), encoding: .utf8)
        for name in ExpressionFunction.table.keys { #expect(page.contains("`\(name)`"), "\(name)() is missing") }
        for kind in ExpressionFailure.Kind.allCases where kind != .unknownZone { #expect(page.contains("`\(kind.rawValue)`"), "\(kind) is missing") }
    }
}
