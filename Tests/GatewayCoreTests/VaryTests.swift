import GatewayCore
import Primitives
import Testing

@Suite struct VaryTests {
    @Test(arguments: [
        ([], "Origin"), (["Accept"], "Accept, Origin"), (["Accept", "X-A, X-B"], "Accept, X-A, X-B, Origin"), (["origin"], "origin"),
        (["Accept,ORIGIN ,X"], "Accept,ORIGIN ,X"), (["*"], "*"), (["X-Origin"], "X-Origin, Origin"), ([""], ", Origin"),
    ])
    func aNameIsAddedOnce(lines: [String], expected: String) {
        let fields = HeaderFields()
        for line in lines { fields.append("Vary", line) }
        for _ in 0..<2 { fields.addVary("Origin") }
        #expect(values(fields) == [expected])
    }

    /// The storage grows while old values are copied inside it.
    @Test func longValuesStayWhole() {
        for length in stride(from: 1, to: 3000, by: 61) {
            let fields = HeaderFields()
            let name = String(repeating: "x", count: length)
            fields.append("vary", name)
            fields.append("vary", name + "y")
            fields.addVary("Origin")
            #expect(values(fields) == ["\(name), \(name)y, Origin"])
        }
    }

    private func values(_ fields: HeaderFields) -> [String] {
        (0..<fields.count).filter { !fields.isRemoved(at: $0) }.map { fields.value(at: $0).string }
    }
}
