import GatewayCore
import Model
import Primitives
import Reactor
import Schema
import Testing

@testable import Discovery

@Suite struct SecretReferenceTests {
    @Test(arguments: [
        ("vault/web/db#password", "vault", "web/db", "password"), ("aws/prod", "aws", "prod", nil),
        ("aws/arn:aws:secretsmanager:eu:1:secret:x-1#a", "aws", "arn:aws:secretsmanager:eu:1:secret:x-1", "a"), ("v/a#b#c", "v", "a#b", "c"),
    ]) func forms(text: String, source: String, path: String, field: String?) throws {
        let reference = try #require(SecretReference(parsing: text))
        #expect(reference.source == source && reference.path == path && reference.field == field)
        #expect(reference.description == text)
    }

    @Test(arguments: ["name", "", "/a", "a/", "a/#b", "a/b#"]) func noReferences(text: String) {
        #expect(SecretReference(parsing: text) == nil)
    }
}

/// Leases and tokens, as dialogues with a clock that is a number.
@Suite struct SecretLifeTests {
    static func at(_ seconds: Int) -> Instant { Instant(nanoseconds: 0) + .seconds(seconds) }

    @Test func aTokenIsUsedThenRenewedThenReplaced() {
        let token = VaultToken("t", seconds: 90, isRenewable: true, now: Self.at(0))
        #expect(token.step(now: Self.at(59)) == .use)
        #expect(token.step(now: Self.at(60)) == .renew)
        #expect(token.step(now: Self.at(90)) == .logIn)
        #expect(VaultToken("t", seconds: 90, isRenewable: false, now: Self.at(0)).step(now: Self.at(60)) == .logIn)
        #expect(VaultToken("t", seconds: 0, isRenewable: false, now: Self.at(0)).step(now: Self.at(1_000_000_000)) == .use)
        // What a server says can't end the process.
        #expect(VaultToken("t", seconds: .max, isRenewable: false, now: Self.at(0)).step(now: Self.at(1)) == .use)
        #expect("\(token)" == "token" && Mirror(reflecting: token).children.isEmpty)
    }

    @Test func nearItsEndARenewalGivesNothing() {
        let token = VaultToken("t", seconds: 90, isRenewable: true, now: Self.at(0))
        #expect(VaultToken("t", seconds: 90, isRenewable: true, now: Self.at(60)).outlasts(token))
        #expect(!VaultToken("t", seconds: 31, isRenewable: true, now: Self.at(60)).outlasts(token))
        let lease = SecretLease(id: "l", isRenewable: true, seconds: 90, now: Self.at(0))
        #expect(lease.due == Self.at(60) && lease.end == Self.at(90))
        #expect(!SecretLease(id: "l", isRenewable: true, seconds: 30, now: Self.at(60)).outlasts(lease))
    }

    @Test func whatCountsIsWhatIsReferredTo() {
        var held = HeldSecret(SecretSource(), SecretPayload(fields: ["a": "1", "b": "2"]), now: Self.at(0))
        held.fields = ["a"]
        #expect(held.due == Self.at(300))
        let unrelated = held.take(SecretPayload(fields: ["a": "1", "b": "3"]), now: Self.at(300))
        #expect(!unrelated && held.due == Self.at(600))
        let changed = held.take(SecretPayload(fields: ["a": "4"]), now: Self.at(600))
        #expect(changed)
        let isSaid = held.fail(now: Self.at(900)), again = held.fail(now: Self.at(930))
        #expect(isSaid && !again && held.due == Self.at(960))
    }
}

/// A store and sources that say what they are told to.
@Suite struct SecretStoreTests {
    final class Source: SecretClient {
        let answers: Monitor<[Result<SecretPayload, SecretFailure>]>
        let asked = Monitor<[String]>([])
        init(_ answers: [Result<SecretPayload, SecretFailure>]) { self.answers = Monitor(answers) }

        func fetch(_ path: String, until deadline: Instant) -> Result<SecretPayload, SecretFailure> {
            asked.withLock { $0.append(path) }
            return answers.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
        }
        var count: Int { asked.withLock { $0.count } }
    }

    static let down = SecretFailure.unavailable("down", remedy: "wait")
    let reference = SecretReference(parsing: "s/p#f")

    static func payload(_ value: String) -> Result<SecretPayload, SecretFailure> { .success(SecretPayload(fields: ["f": value])) }

    func source() -> SecretSource {
        var source = SecretSource()
        source.name = "s"
        return source
    }

    func ask(_ store: SecretStore, _ asking: SecretStore.Asking = .always) throws -> String {
        let reference = try #require(reference)
        switch store.answers([reference], of: [source()], asking: asking).values[reference] {
        case .value(let value): return value
        case .kept(let value, let why): return "\(value) kept: \(why)"
        case .failure(let message, let remedy): return "\(message); \(remedy)"
        case .silent: return "silent"
        case nil: return "none"
        }
    }

    @Test func valuesAreKeptOnlyWhileNobodyCanSay() throws {
        let source = Source([Self.payload("1"), .failure(Self.down), Self.payload("2"), .failure(.missing("gone", remedy: "look"))])
        let store = SecretStore { _ in source }
        #expect(try ask(store) == "1")
        #expect(try ask(store) == "1 kept: down")
        #expect(try ask(store, .forNews) == "1")
        #expect(try ask(store, .never) == "silent")
        #expect(source.count == 2)
        #expect(try ask(store) == "2")
        #expect(try ask(store) == "gone; look")
    }

    @Test func whatWasNeverKnownIsAnError() throws {
        #expect(try ask(SecretStore { _ in Source([.failure(Self.down)]) }) == "down; wait")
    }

    @Test func whatIsForgottenIsAskedForAgain() throws {
        let source = Source([Self.payload("1")])
        let store = SecretStore { _ in source }
        #expect(try ask(store) == "1" && store.due != .never)
        store.keepOnly([])
        #expect(store.due == .never)
        #expect(try ask(store, .forNews) == "1" && source.count == 2)
    }

    @Test func aSourceThatCanNotBeMadeIsAFlawOfItsOwn() throws {
        let store = SecretStore { (_) throws(SecretFailure) in throw Self.down }
        let reference = try #require(reference)
        let answers = store.answers([reference], of: [source()], asking: .always)
        #expect(answers.flaws["s"] == Self.down)
    }
}

/// What Vault answers, as recorded.
@Suite struct VaultAnswerTests {
    static func response(_ status: Int, _ body: String) -> FetchResponse { FetchResponse(status: status, headers: [], body: Array(body.utf8)) }

    @Test func versionedSecrets() throws {
        let body = #"{"data":{"data":{"a":"x","n":7,"o":{"k":[1]},"z":null},"metadata":{"version":2}},"lease_id":""}"#
        let payload = try VaultAnswer.versioned(Self.response(200, body), "secret/a").get()
        #expect(payload.fields == ["a": "x", "n": "7", "o": #"{"k":[1]}"#] && payload.lease == nil)
    }

    @Test(arguments: ["", "{", "[]", #"{"data":{}}"#, #"{"data":{"data":[]}}"#, #"{"data":null}"#]) func whatIsNotVaults(body: String) {
        #expect(throws: SecretFailure.self) { try VaultAnswer.versioned(Self.response(200, body), "secret/a").get() }
    }

    @Test func errorsAreOneLine() {
        let body = #"{"errors":["1 error occurred:\n\t* permission denied\n\n"]}"#
        #expect(VaultAnswer.errors(Self.response(403, body)) == ": 1 error occurred: permission denied")
    }

    @Test(arguments: [
        (404, SecretFailure.Kind.missing), (400, .missing), (403, .unavailable), (500, .unavailable), (503, .unavailable), (302, .unavailable),
    ])
    func kinds(status: Int, kind: SecretFailure.Kind) {
        #expect(VaultAnswer.failure(Self.response(status, "{}"), "secret/a", "Vault")?.kind == kind)
    }
}
