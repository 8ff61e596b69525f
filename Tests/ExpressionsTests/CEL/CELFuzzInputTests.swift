import Foundation
import Primitives
import Testing

@testable import Expressions

/// The inputs that fuzzing begins with, and those that once broke something (Fuzz/README.md): an expression, and behind a NUL what it is
/// evaluated on.
@Suite struct CELFuzzInputTests {
    private static let environment = ExpressionEnvironment(CELGateway.environment.variables + [.init("s", .string, id: 2), .init("n", .int, id: 8)])

    private static func inputs() throws -> [(name: String, bytes: [UInt8])] {
        var root = URL(filePath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        return try ["corpus", "crashes"].flatMap { folder -> [(name: String, bytes: [UInt8])] in
            let url = root.appending(path: "Fuzz/\(folder)/Expression")
            guard FileManager.default.fileExists(atPath: url.path) else { return [] }
            return try FileManager.default.contentsOfDirectory(at: url, includingPropertiesForKeys: nil)
                .map { ("\(folder)/\($0.lastPathComponent)", Array(try Data(contentsOf: $0))) }
        }
    }

    @Test func staysWithinBudgetAndType() throws {
        let inputs = try Self.inputs()
        #expect(inputs.count >= 150)
        let evaluator = ExpressionEvaluator()
        for (name, bytes) in inputs {
            let text = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            let data = Array(bytes.drop { $0 != 0 }.dropFirst())
            do throws(ExpressionError) {
                let expression = try Expression(text, in: Self.environment)
                data.withView { view in
                    let host = CELGateway.variables()
                    host.values[2] = .string(view)
                    let value = expression.evaluate(host, with: evaluator)
                    #expect(evaluator.cost <= ExpressionLimits.standard.cost, "\(name)")
                    #expect(value.isError == (evaluator.lastError != nil), "\(name)")
                    #expect(value.isError || CELText.fits(value, expression.type), "\(name): \(value.description) is no \(expression.type)")
                }
            } catch {
                #expect(error.all.allSatisfy { $0.offset <= text.utf8.count && $0.line >= 1 && $0.column >= 1 && !$0.message.isEmpty }, "\(name)")
            }
        }
    }
}
