import Testing

@testable import Expressions

/// The tables in `Cases/cel`, one for each part of the language.
@Suite struct CELCaseTests {
    static let files = [
        "arithmetic", "bytes", "comparisons", "conditionals", "conversions", "cost", "durations", "errors", "gateway", "ip", "lists", "literals",
        "logic", "macros", "maps", "matches", "math", "namespaces", "parse", "string_ext", "strings", "timestamps",
    ]

    @Test(arguments: files)
    func doesAsTheTableSays(file: String) throws {
        let cases = try CELCase.read(file)
        #expect(Set(cases.map(\.name)).count == cases.count, "two cases have the same name")
        for test in cases {
            let outcome = test.outcome(gateway: file == "gateway")
            #expect(test.isMet(by: outcome), "\(test)\n is \(outcome)\nnot \(test.expected)")
        }
    }

    @Test func thereAreEnough() throws {
        #expect(try Self.files.reduce(0) { try $0 + CELCase.read($1).count } >= 1_000)
    }
}
