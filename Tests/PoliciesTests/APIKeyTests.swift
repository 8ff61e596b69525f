import GatewayCore
import Identity
import PolicyKit
import Primitives
import Reactor
import ReactorTesting
import Schema
import Synchronization
import Testing

@testable import Policies

/// Keys of a database, which have to be waited for; the rest is in `Cases/api-key`.
@Suite struct APIKeyTests {
    /// A database with one key, which counts how often it was asked.
    private final class Database: IdentityStore {
        private let state: Mutex<(record: CredentialRecord?, isBroken: Bool, asked: Int)>
        init(_ record: CredentialRecord?) { state = Mutex((record, false, 0)) }

        var asked: Int { state.withLock { $0.asked } }
        func set(_ record: CredentialRecord?, isBroken: Bool = false) { state.withLock { ($0.record, $0.isBroken) = (record, isBroken) } }

        func find(_ key: IdentityKey) async throws(IdentityStoreError) -> CredentialRecord? {
            await Task.yield()
            let (record, isBroken) = state.withLock { state in
                state.asked += 1
                return (state.record, state.isBroken)
            }
            if isBroken { throw IdentityStoreError("broken") }
            return record?.key == key ? record : nil
        }

        func decoy(for key: IdentityKey) async throws(IdentityStoreError) -> CredentialRecord? { nil }
        func consumer(named name: String) async throws(IdentityStoreError) -> ConsumerRecord? { nil }
    }

    private let network = MemoryNetwork()
    private let record: CredentialRecord

    init() throws {
        let keys = try IdentityKeyMaker()
        let key = try #require("right".withView { keys.apiKey($0) })
        record = CredentialRecord(key: key, id: "slk_1", consumer: Consumer(name: "mobile"))
    }

    private func policy(_ database: Database) throws -> APIKey {
        var config = APIKey.Config()
        config.cache = .seconds(10)
        return try APIKey(config, PolicyContext(label: "api-key", loops: 1, identities: IdentityDirectory(file: .empty, store: database)))
    }

    private func ask(_ policy: APIKey, _ key: String) -> (verdict: String, consumer: String?) {
        let exchange = Exchange(loop: network.loop)
        exchange.request.fields.append("x-api-key", key)
        if let verdict = policy.verdict(exchange) { return (verdict.text, exchange.consumer?.name) }
        let outcome = Outcome()
        nonisolated(unsafe) let waiting = exchange
        _ = Task(executorPreference: network.loop) { outcome.set(await unsafe policy.onRequest(waiting).text) }
        network.settle()
        return ("later \(outcome.text)", exchange.consumer?.name)
    }

    private final class Outcome: Sendable {
        private let value = Mutex("")
        var text: String { value.withLock { $0 } }
        func set(_ text: String) { value.withLock { $0 = text } }
    }

    @Test func aKeyIsAskedForOnceInAWhile() throws {
        let database = Database(record)
        let policy = try policy(database)
        #expect(ask(policy, "right") == ("later proceed", "mobile"))
        #expect(ask(policy, "right") == ("proceed", "mobile"))
        network.advance(.seconds(11))
        #expect(ask(policy, "right") == ("later proceed", "mobile"))
        #expect(database.asked == 2)
    }

    @Test func whatIsNotThereIsRememberedToo() throws {
        let database = Database(record)
        let policy = try policy(database)
        #expect(ask(policy, "wrong") == ("later credentials_invalid", nil))
        for _ in 0..<5 { #expect(ask(policy, "wrong") == ("credentials_invalid", nil)) }
        #expect(database.asked == 1)
    }

    @Test func aRevokedKeyIsRefusedWhenItIsAskedForAgain() throws {
        let database = Database(record)
        let policy = try policy(database)
        _ = ask(policy, "right")
        var revoked = record
        revoked.isEnabled = false
        database.set(revoked)
        #expect(ask(policy, "right").verdict == "proceed")
        network.advance(.seconds(11))
        #expect(ask(policy, "right").verdict == "later credentials_invalid")
    }

    /// Nothing is remembered of it, so the next request may fare better; and what is known goes on.
    @Test func aDatabaseThatDoesNotAnswerRefusesNobodyForGood() throws {
        let database = Database(record)
        let policy = try policy(database)
        database.set(record, isBroken: true)
        #expect(ask(policy, "right").verdict == "later identity_unavailable")
        database.set(record)
        #expect(ask(policy, "right").verdict == "later proceed")
        database.set(record, isBroken: true)
        #expect(ask(policy, "right").verdict == "proceed")
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
