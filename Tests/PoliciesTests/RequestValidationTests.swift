import CAllocations
import GatewayCore
import PolicyKit
import Primitives
import ReactorTesting
import Testing

@testable import Policies

@Suite struct RequestValidationTests {
    @Test(.enabled(if: allocations_of_this_thread() >= 0))
    func aRequestThatPassesAllocatesNothing() throws {
        let policy = try RequestValidation(
            try decoded(
                """
                parameters:
                  - { name: limit, in: query, required: true, type: integer, minimum: 1, maximum: 100 }
                  - { name: q, in: query, pattern: '^[a-z ]+$', maxLength: 20 }
                  - { name: x-a, in: header, enum: [a, b] }
                  - { name: id, in: cookie, format: uuid }
                contentTypes: [application/json]
                unknownQuery: reject
                """), PolicyContext(label: "request-validation", loops: 1))
        let exchange = Exchange(loop: MemoryNetwork().loop)
        let request = exchange.request
        request.querySpan = request.store { $0.append("limit=20&q=some+w%6frds") }
        request.framing = .length(2)
        request.fields.append("content-type", "application/json; charset=utf-8")
        request.fields.append("x-a", "b")
        request.fields.append("cookie", "a=b; id=0192f0c1-0000-7000-8000-00000000000f")
        guard case .proceed = policy.onRequest(exchange) else {
            Issue.record("it does not pass")
            return
        }
        for _ in 0..<100 { _ = policy.onRequest(exchange) }
        let rounds = 1000
        let before = allocations_of_this_thread()
        for _ in 0..<rounds { _ = policy.onRequest(exchange) }
        let allocations = allocations_of_this_thread() - before
        // Without optimisation, closures and walks over tables take memory that they do not take with it.
        #if DEBUG
            let most = rounds * 100
        #else
            let most = rounds / 100
        #endif
        #expect(allocations < most, "\(Double(allocations) / Double(rounds)) blocks a request")
    }

    @Test(
        arguments: [
            ("0", 0), ("-1", -1), ("9223372036854775807", .max), ("-9223372036854775808", .min), ("9223372036854775808", nil),
            ("-9223372036854775809", nil), ("", nil), ("-", nil), ("+1", nil), ("01", nil), ("1 ", nil), ("1.0", nil),
        ] as [(String, Int?)])
    func integersOfSixtyFourBits(text: String, value: Int?) { #expect(text.withView { NumberText.integer($0) } == value) }

    @Test func aNumberOutOfRangeIsBeyondEveryBound() {
        #expect("1e999".withView { NumberText.value($0) } == .infinity)
        #expect("-1e999".withView { NumberText.value($0) } == -.infinity)
        #expect("1e-999".withView { NumberText.value($0) } == 0)
    }
}
