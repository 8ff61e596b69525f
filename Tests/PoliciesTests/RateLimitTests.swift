import CAllocations
import GatewayCore
import Model
import PolicyKit
import Primitives
import Reactor
import ReactorTesting
import Schema
import SharedState
import Testing

@testable import Policies

@Suite struct RateLimitTests {
    // MARK: Keys

    @Test(arguments: [
        ("192.0.2.7", 32, 64, "c0000207"), ("192.0.2.7", 24, 64, "c0000200"), ("192.0.2.7", 1, 64, "80000000"),
        ("2001:db8:1:2:3:4:5:6", 32, 64, "20010db8000100020000000000000000"),
        ("2001:db8:1:2:3:4:5:6", 32, 128, "20010db8000100020003000400050006"),
        ("2001:db8:1:2:3:4:5:6", 32, 56, "20010db8000100000000000000000000"),
        ("ffff:ffff:ffff:ffff:ffff::", 32, 1, "80000000000000000000000000000000"),
        ("2001:db8:1:2:ffff::", 32, 65, "20010db8000100028000000000000000"),
        // An IPv4 client that is written as IPv6 is the same client.
        ("::ffff:192.0.2.7", 32, 64, "c0000207"),
    ]) func prefixes(_ address: String, _ v4: Int, _ v6: Int, _ expected: String) throws {
        let out = ByteBuffer()
        AddressPrefix(v4: v4, v6: v6).write(try #require(IPAddress(parsing: address)), to: out)
        let hex = out.view.array.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        #expect(hex == expected)
    }

    // MARK: What is kept for the response

    @Test(arguments: [(0, 0, 0), (7, Int(UInt32.max), UInt64.max), (31, 1, 1)]) func left(_ window: Int, _ remaining: Int, _ reset: UInt64) {
        var memo = Memo()
        #expect(RateLimitLeft(memo) == nil)
        memo.second = reset
        #expect(RateLimitLeft(memo) == nil)
        let left = RateLimitLeft(tier: window % 7, window: window, remaining: remaining, reset: reset)
        #expect(RateLimitLeft(left.memo) == left)
    }

    // MARK: Dry run

    @Test func dryRunsAreNoted() throws {
        let exchange = Exchange(loop: MemoryNetwork().loop)
        let policy = try RateLimitTests.policy("{ limit: 1, window: 1m, dryRun: true }", label: #"a "b" é"#)
        _ = policy.verdict(exchange)
        #expect(exchange.logMembers == nil)
        guard case .proceed? = policy.verdict(exchange) else { throw TestProblem("a dry run refuses") }
        var members: [String] = []
        LogMember.forEach(exchange.logMembers?.view ?? ByteView()) { members.append("\($0.name.string)=\($0.value.string)") }
        #expect(members == [#"rateLimitDryRun=a "b" é"#])
    }

    // MARK: Memory

    @Test(
        .enabled(if: allocations_of_this_thread() >= 0),
        arguments: ["by: ip", "by: route", "by: request.path", "by: ip, headers: both", "by: 'request.headers[\"x-a\"]', cost: '1 + request.size'"])
    func decisionsAllocateNothing(_ settings: String) throws {
        let exchange = Exchange(loop: MemoryNetwork().loop)
        exchange.client.address = .loopback
        exchange.request.fields.append("x-a", "b")
        let policy = try RateLimitTests.policy("{ limit: 100000, window: 1m, \(settings) }")
        func round() {
            _ = policy.verdict(exchange)
            _ = policy.onResponse(exchange)
            exchange.response.clear()
            exchange.chain.clear()
        }
        for _ in 0..<100 { round() }
        let rounds = 1000
        let before = allocations_of_this_thread()
        for _ in 0..<rounds { round() }
        let allocations = allocations_of_this_thread() - before
        // Without optimisation, closures and walks over tables take memory that they do not take with it.
        #if DEBUG
            let most = rounds * 40
        #else
            let most = rounds / 100
        #endif
        #expect(allocations < most, "\(Double(allocations) / Double(rounds)) blocks a decision")
    }

    static func policy(_ yaml: String, label: String = "rate-limit") throws -> RateLimit {
        try RateLimit(try decoded(yaml), PolicyContext(label: label, loops: 1))
    }
}

/// The settings of a policy, as text.
func decoded<Config: Settings>(_ yaml: String, file: String = "test.yaml") throws -> Config {
    let (tree, problems) = ConfigNode.read(yaml: yaml, file: file)
    let context = DecodingContext()
    let value = Config.decode(tree, in: context)
    guard let value, problems.isEmpty, context.diagnostics.isEmpty else {
        throw TestProblem((problems + context.diagnostics).map(\.description).joined(separator: "\n"))
    }
    return value
}

struct TestProblem: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
