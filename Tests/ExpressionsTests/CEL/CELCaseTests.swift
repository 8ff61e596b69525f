import Testing

@testable import Expressions

/// The tables in `Cases/cel`, one for each part of the language.
@Suite struct CELCaseTests {
    @Test(arguments: ["smoke"])
    func doesAsTheTableSays(file: String) throws {
        let cases = try CELCase.read(file)
        #expect(!cases.isEmpty)
        for test in cases {
            let outcome = test.outcome(gateway: file == "gateway")
            #expect(test.isMet(by: outcome), "\(test) is \(outcome), not \(test.expected)")
        }
    }
}
