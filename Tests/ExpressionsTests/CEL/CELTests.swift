import Primitives
import Testing

@testable import Expressions

/// What the tables do not show: the interface, limits, errors as values.
@Suite struct CELTests {
    private func outcome(_ text: String, _ limits: ExpressionLimits = .standard) -> ExpressionError? {
        do throws(ExpressionError) {
            _ = try Expression(text, in: CELGateway.environment, limits: limits)
            return nil
        } catch {
            return error
        }
    }

    // MARK: What is expected

    @Test func refusesOtherTypesThanExpected() throws {
        #expect(throws: ExpressionError.self) { try Expression("request.size", in: CELGateway.environment, expecting: .string) }
        #expect(throws: ExpressionError.self) { try Expression("[1]", in: CELGateway.environment, expecting: .list(.string)) }
        #expect(try Expression("request.path", in: CELGateway.environment, expecting: .string).type == .string)
        #expect(try Expression("[]", in: CELGateway.environment, expecting: .list(.string)).type == .list(.dyn))
        #expect(try Expression("1", in: CELGateway.environment, expecting: .dyn).type == .int)
    }

    @Test func looksAtDynamicResults() throws {
        let host = CELGateway.variables(), evaluator = ExpressionEvaluator()
        let condition = try Expression("claims.admin", in: CELGateway.environment, expecting: .bool)
        #expect(condition.type == .bool)
        #expect(condition.test(host, with: evaluator) == true)
        #expect(evaluator.lastError == nil)
        let wrong = try Expression("claims.sub", in: CELGateway.environment, expecting: .bool)
        #expect(wrong.test(host, with: evaluator) == nil)
        #expect(evaluator.lastError?.kind == .noSuchOverload)
        let number = try Expression("1 + 1", in: CELGateway.environment)
        #expect(number.test(host, with: evaluator) == nil)
        #expect(evaluator.lastError?.kind == .noSuchOverload)
    }

    // MARK: What is known at load

    @Test func knowsConstants() throws {
        func constant(_ text: String) throws -> String? { try Expression(text, in: CELGateway.environment).constant?.description }
        #expect(try constant("false") == "false")
        #expect(try constant("1 + 2 == 3 && \"a\".startsWith(\"a\")") == "true")
        #expect(try constant("[3, 1].map(x, x * 2)") == "[6,2]")
        #expect(try constant("true ? 1 : request.size") == "1")
        #expect(try constant("request.size > 1") == nil)
        #expect(try constant("1 / 0") == nil)
        #expect(try constant("[1, 2].exists(x, x == request.size)") == nil)
    }

    @Test func keepsTheTextOfConstants() throws {
        // Made by an evaluator that is gone, of text that is gone.
        let expression = try Expression("\"con\" + \"stant\".upperAscii()", in: CELGateway.environment)
        #expect(expression.constant?.description == "conSTANT")
        let evaluator = ExpressionEvaluator()
        #expect(expression.evaluate(CELGateway.variables(), with: evaluator).description == "conSTANT")
    }

    @Test func knowsWhatItAsksFor() throws {
        func variables(_ text: String) throws -> Set<UInt16> { try Expression(text, in: CELGateway.environment).variables }
        #expect(try variables("request.path == \"/\" && has(request.headers.accept)") == [2, 5])
        #expect(try variables("consumer.groups.exists(g, g == claims.sub)") == [31, 40])
        #expect(try variables("has(request.id) || has(consumer.groups)") == [10, 31])
        #expect(try variables("1 + 1").isEmpty)
    }

    // MARK: Errors

    @Test func placesErrors() throws {
        let error = try #require(outcome("request.path ==\n  \"ä\" + 1"))
        #expect(error.line == 2 && error.column == 7)
        #expect(error.offset == 23)
        #expect(error.message == "there is no + for a string and an int")
        #expect(error.remedy == "convert one of them with string() or int()")
        #expect(error.description == "2:7: there is no + for a string and an int; convert one of them with string() or int()")
        #expect(error.all == [error])
    }

    @Test func reportsAllErrorsAtOnce() throws {
        let error = try #require(outcome("a && b || 1"))
        #expect(error.all.map(\.offset) == [0, 5, 10])
        #expect(error.all.dropFirst().allSatisfy { $0.others.isEmpty })
    }

    @Test func saysWhereAnEvaluationFailed() throws {
        let expression = try Expression("1 +\n  request.size / 0", in: CELGateway.environment)
        let evaluator = ExpressionEvaluator()
        let failure = try #require(expression.evaluate(CELGateway.variables(), with: evaluator).failure)
        #expect(evaluator.lastError == failure)
        #expect(expression.describe(failure) == "division by zero at 2:16")
        #expect(ExpressionFailure.Kind.costLimitExceeded.rawValue == "cost limit exceeded")
    }

    // MARK: Limits

    @Test func boundsTheText() throws {
        var limits = ExpressionLimits()
        limits.length = 10
        #expect(outcome("1234567890", limits) == nil)
        #expect(outcome("12345678901", limits)?.message == "the expression has 11 bytes, the limit is 10")
        limits = ExpressionLimits()
        limits.nodes = 3
        #expect(outcome("1 + 2", limits) == nil)
        #expect(outcome("1 + 2 + 3", limits)?.message == "the expression has more than 3 parts")
    }

    @Test(arguments: [
        ("(", "1", ")"), ("[", "1", "]"), ("{1: ", "1", "}"), ("!", "true", ""), ("-", "1", ""), ("", "1", " + 1"), ("true ? 1 : ", "1", ""),
        ("size(\"\") + ", "1", ""), ("string(", "\"\"", ")"), ("[1].map(x, ", "1", ")"), ("", "{}", ".a"), ("", "dyn([])", "[0]"),
        ("1 in [", "1", "]"), ("(true && ", "true", ")"), ("dyn(", "1", ")"), ("", "\"\"", ".trim()"),
    ])
    func boundsTheDepth(before: String, inner: String, after: String) throws {
        func nested(_ levels: Int) -> String {
            String(repeating: before, count: levels) + inner + String(repeating: after, count: levels)
        }
        #expect(outcome(nested(3))?.message.contains("nested deeper") != true)
        let chains = before == "size(\"\") + " || (before.isEmpty && after == " + 1")
        #expect(outcome(nested(95))?.message.contains("nested deeper") != true || chains || before.contains("(true") || before.contains("1 in"))
        // Neither the parser nor what walks its tree may use up the stack.
        #expect(outcome(nested(500))?.message.contains("nested deeper") == true)
        var limits = ExpressionLimits()
        limits.length = 1 << 20
        #expect(outcome(nested(10_000), limits)?.message.contains("nested deeper") == true)
    }

    @Test func takesLongChainsOfLogic() throws {
        let chain = (0..<400).map { "request.size == \($0)" }.joined(separator: " || ") + " || request.size == 1234"
        let expression = try Expression(chain, in: CELGateway.environment)
        #expect(expression.test(CELGateway.variables(), with: ExpressionEvaluator()) == true)
    }

    @Test func refusesWhatMayCostTooMuch() throws {
        let error = try #require(outcome("claims.all(a, claims.all(b, claims.all(c, a < b || b < c)))"))
        #expect(error.message.hasPrefix("the expression may cost up to "))
        #expect(error.message.hasSuffix(" steps, the limit is 200000"))
        var limits = ExpressionLimits()
        limits.cost = 100
        #expect(outcome("claims.all(a, a != \"\")", limits)?.message.hasSuffix("the limit is 100") == true)
        #expect(outcome("request.path == \"/\"", limits) == nil)
    }

    // MARK: The budget at run time

    /// More elements and longer text than the estimate assumes.
    private func large() -> CELVariables {
        let host = CELGateway.variables()
        host.values[31] = .list(ExpressionList((0..<100_000).map { .int($0) }))
        host.values[2] = host.string(String(repeating: "a", count: 1_000_000))
        return host
    }

    @Test(arguments: [
        "consumer.groups.all(a, consumer.groups.all(b, a == \"\" || b != \"a\"))",
        "consumer.groups.exists(a, consumer.groups.exists(b, false)) || true",
        "true || consumer.groups.exists(a, a in consumer.groups)",
        "!(consumer.groups.all(a, a + \"x\" in consumer.groups))",
        "size(consumer.groups.map(a, request.path + request.path)) > 0",
        "size(consumer.groups.map(a, consumer.groups)) > 0",
        "request.path.replace(\"\", \"bb\") == \"\"",
        "(request.path + request.path).contains(request.path + \"b\")",
        "request.path.split(\"\").size() > 0",
        "consumer.groups.map(a, request.path).join() == \"\"",
        "request.path.matches(\"(a|aa|aaa|aaaa)*b\")",
        "request.path.matches(\"(x{0,5}a?){100}b\")",
        "[request.path, request.path].map(a, a.replace(\"a\", \"bcd\")).map(a, a.replace(\"b\", \"xyz\")).size() == 2",
    ])
    func endsWhenTheBudgetIsUsedUp(text: String) throws {
        var limits = ExpressionLimits()
        limits.assumedBytes = 1
        limits.assumedElements = 1
        let expression = try Expression(text, in: CELGateway.environment, limits: limits)
        let evaluator = ExpressionEvaluator()
        let host = large()
        let result = expression.evaluate(host, with: evaluator)
        if text.hasPrefix("true ||") {
            #expect(result.description == "true")
        } else {
            #expect(result.failure?.kind == .costLimitExceeded)
            #expect(evaluator.cost == limits.cost)
        }
    }

    @Test func countsWhatItTakes() throws {
        let evaluator = ExpressionEvaluator()
        let host = CELGateway.variables()
        func cost(_ text: String) throws -> Int {
            _ = try Expression(text, in: CELGateway.environment).evaluate(host, with: evaluator)
            return evaluator.cost
        }
        #expect(try cost("request.size") == 0)
        #expect(try cost("request.size == 1") == 1)
        #expect(try cost("request.size == 1 || request.size + 1 == 2") == 4)
        // Each evaluation begins anew.
        #expect(try cost("request.size == 1") == 1)
        #expect(try cost("consumer.groups.all(g, g != \"\")") > cost("consumer.groups.size() == 2"))
    }

    // MARK: Rendering

    @Test(arguments: [
        ("\"a \\\"b\\\"\"", "a \"b\""), ("1", "1"), ("18446744073709551615u", "18446744073709551615"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("1.5", "1.5"), ("2.0", "2"), ("true", "true"), ("null", ""), ("b\"raw\"", "raw"), ("duration(\"3500ms\")", "3.5s"),
        ("timestamp(\"2026-01-31T12:00:00.120Z\")", "2026-01-31T12:00:00.12Z"), ("ip(\"2001:DB8::1\")", "2001:db8::1"),
        ("cidr(\"10.1.0.0/16\")", "10.1.0.0/16"), ("int", "int"),
        ("[1, \"a\\n\\u0001\\\"\", 2.5, null, true, b\"hi\"]", "[1,\"a\\n\\u0001\\\"\",2.5,null,true,\"aGk=\"]"),
        ("{\"a\": [1u], 2: {}, true: duration(\"1s\")}", "{\"a\":[1],\"2\":{},\"true\":\"1s\"}"), ("[0.0 / 0.0, ip(\"::1\")]", "[\"NaN\",\"::1\"]"),
        ("[\"é😀\"]", "[\"é😀\"]"), ("100u * 100u", "10000"), ("0", "0"), ("-5", "-5"), ("1e21", "1e+21"), ("1e-7", "1e-7"), ("-0.5", "-0.5"),
        ("123456789012345680.0", "123456789012345680"), ("0.1", "0.1"), ("12.0e-3", "0.012"), ("10.0", "10"), ("1.0e10", "10000000000"),
    ])
    func writesValues(text: String, expected: String) throws {
        let expression = try Expression(text, in: CELGateway.environment)
        let out = ByteBuffer(capacity: 8)
        out.append("<")
        expression.evaluate(CELGateway.variables(), with: ExpressionEvaluator()).write(to: out)
        #expect(out.view.string == "<" + expected)
    }

    @Test func writesMalformedTextAsJSON() {
        let bytes: [UInt8] = [0x61, 0xff, 0xc3]
        bytes.withView { view in
            let out = ByteBuffer(capacity: 8)
            ExpressionValue.list(ExpressionList([.string(view)])).write(to: out)
            #expect(out.view.string == "[\"a\u{fffd}\u{fffd}\"]")
        }
    }

    /// Characters of malformed text are its bytes, and nothing reads beyond it.
    @Test(arguments: [
        "size(x)", "x.reverse()", "x.charAt(1)", "x.split(\"\")", "x.substring(1)", "x.trim()", "x.replace(\"\", \"-\")", "x.indexOf(\"a\")",
        "x.matches(\"^.*$\")",
    ])
    func takesMalformedText(text: String) throws {
        let expression = try Expression(text, in: ExpressionEnvironment([.init("x", .string, id: 1)]))
        for bytes: [UInt8] in [
            [0xff], [0xc3], [0xf0, 0x9f, 0x98], [0x61, 0xe2, 0x82], [0x80, 0x80, 0x80, 0x80, 0x80], [0xed, 0xa0, 0x80, 0x61], [],
        ] {
            bytes.withView { view in
                let host = CELVariables()
                host.values[1] = .string(view)
                let value = expression.evaluate(host, with: ExpressionEvaluator())
                if text == "size(x)" { #expect(value.description == String(view.string.unicodeScalars.count) || !bytes.isEmpty) }
                if text == "x.reverse()" { #expect(value.text?.count == bytes.count) }
                if text == "x.charAt(1)", bytes.isEmpty { #expect(value.failure?.kind == .indexOutOfBounds) }
                if text.contains("split") { #expect(!value.isError) }
            }
        }
    }
}
