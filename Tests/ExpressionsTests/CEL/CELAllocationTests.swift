import CAllocations
import Testing

@testable import Expressions

/// Comparing headers, paths and numbers allocates nothing.
@Suite struct CELAllocationTests {
    @Test(
        .enabled(if: allocations_of_this_thread() >= 0),
        arguments: [
            "request.headers[\"x-user\"] == \"alice\" && request.path.startsWith(\"/a\")",
            "request.method in [\"GET\", \"POST\"] || request.size > 1000",
            "request.method in [\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\", \"h\", \"i\", \"POST\"]",
            "request.path.matches(\"^/api/v[0-9]+/\") && request.path.contains(\"orders\") && request.path.endsWith(\"42\")",
            "request.host == \"api.example.com\" && size(request.host) == 15",
            "cidr(\"10.0.0.0/8\").containsIP(source.ip) && ip(source.ip).family() == 4",
            "has(request.headers.accept) && !(\"x-missing\" in request.headers)",
            "request.headers[\"X-\" + request.scheme] == \"a\" || request.headers[request.method.lowerAscii()] == \"\"",
            "request.size * 2 + 1 < 9000 && double(request.size) / 2.0 > 1.0 && int(request.headers[\"x-number\"]) == 17",
            "request.time > timestamp(\"2020-01-01T00:00:00Z\") && request.time.getHours(\"Europe/Berlin\") == 13",
            "\"gold\" in consumer.groups && consumer.groups.exists(g, g == \"beta\")",
            "claims.level >= 3 && claims.sub == \"u-7\" ? params.id == \"42\" : false",
            "request.headers[\"x-missing\"] == \"a\" || response.status / 100 == 5",
            "request.path.split(\"/\")[2] == \"none\" && false || request.path.substring(1, 4).upperAscii() == \"API\"",
        ])
    func comparisonsAllocateNothing(text: String) throws {
        let expression = try Expression(text, in: CELGateway.environment, expecting: .bool)
        let evaluator = ExpressionEvaluator()
        let host = CELGateway.variables()
        for _ in 0..<10 { _ = expression.test(host, with: evaluator) }
        let before = allocations_of_this_thread()
        for _ in 0..<100 { _ = expression.test(host, with: evaluator) }
        let allocations = allocations_of_this_thread() - before
        // A list is made of what split() finds, and nothing else.
        #expect(text.contains("split") ? allocations >= 100 : allocations == 0, "\(allocations) in 100 evaluations")
    }

    @Test(.enabled(if: allocations_of_this_thread() >= 0)) func theCounterCounts() {
        let before = allocations_of_this_thread()
        let list = ExpressionList([.int(1)])
        #expect(allocations_of_this_thread() > before && list.elements.count == 1)
    }
}
