import GatewayCore
import Model
import PolicyKit
import Primitives
import Reactor
import ReactorTesting
import Schema
import Synchronization
import Testing

@testable import Policies

/// Groups of methods, with methods that do what they are told; what users see of them is in `Cases/any-of` and `Cases/all-of`.
@Suite struct AnyOfTests {
    private let network = MemoryNetwork()
    private let registry = PolicyRegistry([Scripted.self, AnyOf.self, AllOf.self])

    private func group<P: PolicyGroup>(_ type: P.Type, _ methods: String) throws -> P {
        let (tree, problems) = ConfigNode.read(yaml: "methods: [\(methods)]", file: "g.yaml")
        let context = DecodingContext(catalogue: registry)
        let config = try #require(P.Config.decode(tree, in: context))
        #expect(problems.isEmpty && context.diagnostics.isEmpty, "\(context.diagnostics)")
        return try P(config, PolicyContext(label: P.id, loops: 1, registry: registry))
    }

    private func method(_ group: some PolicyGroup, _ place: Int) throws -> Scripted { try #require(group.members[place].policy as? Scripted) }

    /// The verdict of the group, as text, waiting if it has to.
    private func ask(_ group: some AsyncRequestPolicy, _ exchange: Exchange) -> String {
        if let verdict = group.verdict(exchange) { return verdict.text }
        let outcome = Outcome()
        nonisolated(unsafe) let exchange = exchange
        _ = Task(executorPreference: network.loop) { outcome.set(await unsafe group.onRequest(exchange).text) }
        network.settle()
        return "later \(outcome.text)"
    }

    private final class Outcome: Sendable {
        private let value = Mutex("")
        var text: String { value.withLock { $0 } }
        func set(_ text: String) { value.withLock { $0 = text } }
    }

    @Test func theFirstThatLetsPassSaysWhoCalls() throws {
        let group = try group(
            AnyOf.self, "{ scripted: { does: missing } }, { scripted: { does: pass, consumer: b } }, { scripted: { does: pass, consumer: c } }")
        let exchange = Exchange(loop: network.loop)
        #expect(ask(group, exchange) == "proceed")
        #expect(exchange.consumer?.name == "b")
        #expect(exchange.response.fields.first(ByteView("www-authenticate")) == nil)
        #expect(try method(group, 2).asked == 0)
    }

    @Test(arguments: [
        ("missing, missing", "credentials_missing"), ("missing, wrong", "credentials_invalid"), ("wrong, missing", "credentials_invalid"),
        ("broken, wrong", "identity_unavailable"), ("wrong, broken", "identity_unavailable"), ("broken, pass", "proceed"),
        ("later-wrong, missing", "later credentials_invalid"), ("later-wrong, later-pass", "later proceed"), ("missing, later-pass", "later proceed"),
        ("reply, pass", "reply"),
    ])
    func whatComesOut(_ methods: String, _ expected: String) throws {
        let list = methods.split(separator: ",").map { "{ scripted: { does: \($0.drop { $0 == " " }) } }" }.joined(separator: ", ")
        #expect(ask(try group(AnyOf.self, list), Exchange(loop: network.loop)) == expected)
    }

    /// A method that takes a request once only, such as one that counts nonces, must not see it again when a later one has to wait.
    @Test func nobodyIsAskedTwice() throws {
        let group = try group(
            AllOf.self,
            "{ scripted: { does: pass, consumer: a } }, { scripted: { does: later-pass, consumer: a } }, { scripted: { does: pass } }, { scripted: { does: later-pass } }"
        )
        let exchange = Exchange(loop: network.loop)
        #expect(ask(group, exchange) == "later proceed")
        #expect(try (0..<4).map { try method(group, $0).asked } == [1, 1, 1, 1])
        #expect(exchange.consumer?.name == "a")
    }

    @Test func allOfMakesOneIdentity() throws {
        let group = try group(
            AllOf.self,
            """
            { scripted: { does: pass, subject: key, scopes: [a, b] } },
            { scripted: { does: pass, subject: token, consumer: mobile, application: app, claims: true, scopes: [b, c], expires: 50 } },
            { scripted: { does: pass, subject: certificate, consumer: mobile, expires: 90 } }
            """)
        let exchange = Exchange(loop: network.loop)
        #expect(ask(group, exchange) == "proceed")
        let principal = try #require(exchange.principal)
        #expect(principal.subject == "key" && principal.scopes == ["a", "b", "c"] && principal.expires == 50)
        #expect(principal.consumer?.application == "app" && exchange.consumer?.name == "mobile")
        #expect(principal.claims?["sub"]?.string == "token")
    }

    @Test func credentialsOfDifferentConsumersDoNotBelongTogether() throws {
        let group = try group(AllOf.self, "{ scripted: { does: pass, consumer: a } }, { scripted: { does: pass, consumer: b } }")
        #expect(ask(group, Exchange(loop: network.loop)) == "credentials_invalid")
        #expect(
            ask(try self.group(AllOf.self, "{ scripted: { does: pass } }, { scripted: { does: wrong } }"), Exchange(loop: network.loop))
                == "credentials_invalid")
    }

    /// Each with the memo that it had, and only those that took part.
    @Test func whoLetItPassSeesTheResponse() throws {
        let group = try group(
            AllOf.self,
            "{ scripted: { does: pass, subject: a } }, { scripted: { does: later-pass, subject: b } }, { scripted: { does: pass, subject: c }, when: 'false' }"
        )
        let exchange = Exchange(loop: network.loop)
        #expect(ask(group, exchange) == "later proceed")
        guard case .proceed = group.onResponse(exchange) else { return #expect(Bool(false)) }
        group.onFinish(exchange)
        #expect(group.members.count == 2)
        #expect(try method(group, 0).seen == ["response 7", "finish 8"])
        #expect(try method(group, 1).seen == ["response 7", "finish 8"])

        let one = try self.group(AnyOf.self, "{ scripted: { does: wrong } }, { scripted: { does: pass } }")
        let other = Exchange(loop: network.loop)
        #expect(ask(one, other) == "proceed")
        _ = one.onResponse(other)
        #expect(try method(one, 0).seen == [])
        #expect(try method(one, 1).seen == ["response 7"])
    }
}

extension Verdict {
    fileprivate var text: String {
        switch self {
        case .proceed: "proceed"
        case .reply: "reply"
        case .refuse(let error): "\(error.reason)"
        }
    }
}

/// A method that does what its settings say, and remembers that it was asked.
private final class Scripted: Policy, AsyncRequestPolicy, ResponsePolicy, FinishPolicy {
    struct Config: Settings {
        @Setting("What.") var does: String
        @Setting("Who.") var consumer: String?
        @Setting("Which.") var application: String?
        @Setting("Name.") var subject: String = "someone"
        @Setting("Scopes.") var scopes: [String] = []
        @Setting("Claims.") var claims: Bool = false
        @Setting("End.") var expires: Int?
        init() {}
    }

    static let id = "scripted"
    static var provides: [Fact] { [.consumer] }

    private let config: Config
    private let principal: Principal
    private let record = Mutex((asked: 0, seen: [String]()))

    init(_ config: Config, _ context: PolicyContext) {
        self.config = config
        let consumer = config.consumer.map { Consumer(name: $0, application: config.application) }
        let claims: JSON? = config.claims ? ["sub": .string(config.subject)] : nil
        principal = Principal(
            method: Scripted.id, subject: config.subject, consumer: consumer, scopes: config.scopes, claims: claims, expires: config.expires)
    }

    var asked: Int { record.withLock { $0.asked } }
    var seen: [String] { record.withLock { $0.seen } }

    func verdict(_ exchange: Exchange) -> Verdict? {
        exchange.memo.first = 7
        if config.does.hasPrefix("later") { return nil }
        return decide(exchange)
    }

    func onRequest(_ exchange: Exchange) async -> Verdict {
        await Task.yield()
        #expect(exchange.memo.first == 7)
        return decide(exchange)
    }

    private func decide(_ exchange: Exchange) -> Verdict {
        record.withLock { $0.asked += 1 }
        switch config.does.split(separator: "-").last {
        case "pass":
            exchange.identify(principal)
            return .proceed
        case "reply": return .reply
        case "broken": return .refuse(.identityUnavailable)
        case let word: return Challenge(scheme: "Test").refuse(word == "missing" ? .credentialsMissing : .credentialsInvalid, exchange, "No.")
        }
    }

    func onResponse(_ exchange: Exchange) -> Verdict {
        record.withLock { $0.seen.append("response \(exchange.memo.first)") }
        exchange.memo.first += 1
        return .proceed
    }

    func onFinish(_ exchange: Exchange) { record.withLock { $0.seen.append("finish \(exchange.memo.first)") } }
}
