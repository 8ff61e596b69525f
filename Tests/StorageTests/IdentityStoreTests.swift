import Foundation
import GatewayCore
import Identity
import Primitives
import Testing

@testable import Storage

/// What every implementation of `IdentityStore` does.
@Suite struct IdentityStoreTests {
    enum Kind: CaseIterable { case memory, sqlite }

    /// What a store is to hold.
    struct Content {
        var consumers: [ConsumerRecord] = []
        var credentials: [CredentialRecord] = []
    }

    let keys: IdentityKeyMaker

    init() throws { keys = try IdentityKeyMaker() }

    func store(_ kind: Kind, _ content: Content) throws -> any IdentityStore {
        switch kind {
        case .memory:
            var builder = MemoryIdentityStore.Builder(
                consumers: content.consumers.count + content.credentials.count, credentials: content.credentials.count)
            var places: [String: Int] = [:]
            for record in content.consumers { places[record.consumer.name] = builder.add(record.consumer, isEnabled: record.isEnabled) }
            for record in content.credentials {
                // With plans of its own, a credential is a caller of its own.
                let owner = record.plans == nil ? try #require(places[record.consumer.name]) : builder.add(record.consumer)
                let isNew = builder.add(
                    record.key, owner: owner, id: record.id, secret: record.secret, expires: record.expires, isEnabled: record.isEnabled)
                #expect(isNew)
            }
            return builder.finish()
        case .sqlite:
            let file = TemporaryFile()
            let tables = try IdentityTables(try SQLiteDatabase(path: file.path))
            for record in content.consumers { try tables.put(record) }
            try tables.add(content.credentials, created: 1)
            // What is open stays, whatever its name is.
            defer { file.remove() }
            return try SQLiteIdentityStore(path: file.path)
        }
    }

    func apiKey(_ text: String) throws -> IdentityKey { try #require(text.withView { keys.apiKey($0) }) }
    func basic(_ user: String) throws -> IdentityKey { try #require(user.withView { keys.basic(user: $0) }) }

    @Test(arguments: Kind.allCases) func whatIsThereIsFoundWhole(_ kind: Kind) async throws {
        let consumer = Consumer(name: "möbel \"x\"", groups: ["a", "b"], attributes: [("tier", "gold"), ("quote", "\"'\\")], plans: ["free"])
        let store = try store(
            kind,
            Content(
                consumers: [ConsumerRecord(consumer)],
                credentials: [
                    CredentialRecord(key: try apiKey("k1"), id: "first", consumer: consumer, expires: 2_000_000_000),
                    CredentialRecord(key: try basic("u"), consumer: consumer, plans: ["gold", "extra"], secret: Array("$2b$x".utf8)),
                    CredentialRecord(key: try apiKey("k2"), consumer: consumer, secret: [0, 255, 10], isEnabled: false),
                ]))
        let first = try #require(try await store.find(try apiKey("k1")))
        #expect(first.id == "first" && first.expires == 2_000_000_000 && first.isEnabled && first.secret == [])
        #expect(first.consumer.name == "möbel \"x\"" && first.consumer.groups == ["a", "b"] && first.consumer.application == nil)
        #expect(first.consumer.attributes.map { "\($0.name)=\($0.value)" } == ["tier=gold", "quote=\"'\\"])
        #expect(first.counts(at: 1_999_999_999) && !first.counts(at: 2_000_000_000))
        let second = try #require(try await store.find(try basic("u")))
        let shown = try basic("u").shown
        #expect(second.secret == Array("$2b$x".utf8) && second.expires == nil && second.id == shown)
        let third = try #require(try await store.find(try apiKey("k2")))
        #expect(first.consumer.plans == ["free"] && second.consumer.plans == ["gold", "extra"])
        #expect(third.secret == [0, 255, 10] && !third.isEnabled && !third.counts(at: 0))
    }

    @Test(arguments: Kind.allCases) func kindsAreApartAndNothingElseIsFound(_ kind: Kind) async throws {
        let consumer = Consumer(name: "c")
        let key = try apiKey("k")
        let same = IdentityKey(.hmac, digest: key.digest)
        let store = try store(
            kind, Content(consumers: [ConsumerRecord(consumer)], credentials: [CredentialRecord(key: key, consumer: consumer)]))
        #expect(try await store.find(key) != nil)
        #expect(try await store.find(same) == nil)
        #expect(try await store.find(try apiKey("K")) == nil)
        #expect(try await store.find(try apiKey("")) == nil)
        #expect(try await store.find(try basic("k")) == nil)
    }

    @Test(arguments: Kind.allCases) func credentialsOfWhomIsSwitchedOffAreOff(_ kind: Kind) async throws {
        let consumer = Consumer(name: "c")
        let store = try store(
            kind,
            Content(
                consumers: [ConsumerRecord(consumer, isEnabled: false)],
                credentials: [CredentialRecord(key: try apiKey("k"), consumer: consumer)]))
        #expect(try await store.find(try apiKey("k"))?.isEnabled == false)
        #expect(try await store.consumer(named: "c")?.isEnabled == false)
    }

    @Test(arguments: Kind.allCases) func consumersAreFoundByName(_ kind: Kind) async throws {
        let store = try store(
            kind, Content(consumers: [ConsumerRecord(Consumer(name: "a", groups: ["g"])), ConsumerRecord(Consumer(name: "b"))]))
        #expect(try await store.consumer(named: "a")?.consumer.groups == ["g"])
        #expect(try await store.consumer(named: "b")?.isEnabled == true)
        #expect(try await store.consumer(named: "A") == nil)
        #expect(try await store.consumer(named: "") == nil)
    }

    /// The same for the same name, and not one alone for all.
    @Test(arguments: Kind.allCases) func decoysAreSteadyAndSpread(_ kind: Kind) async throws {
        let consumer = Consumer(name: "c")
        let users = try (0..<8).map { try basic("user\($0)") }
        let full = try store(
            kind,
            Content(
                consumers: [ConsumerRecord(consumer)],
                credentials: users.map { CredentialRecord(key: $0, consumer: consumer, secret: [1]) } + [
                    CredentialRecord(key: try apiKey("k"), consumer: consumer)
                ]))
        var seen: Set<IdentityKey> = []
        for i in 0..<64 {
            let name = try basic("nobody\(i)")
            let decoy = try #require(try await full.decoy(for: name))
            #expect(decoy.key.kind == .basic)
            #expect(try await full.decoy(for: name)?.key == decoy.key)
            seen.insert(decoy.key)
        }
        #expect(seen.count > 3)
        let empty = try store(kind, Content())
        #expect(try await empty.decoy(for: users[0]) == nil)
    }

    @Test(arguments: Kind.allCases) func manyAreFoundAtTheSameTime(_ kind: Kind) async throws {
        let consumer = Consumer(name: "c")
        let all = try (0..<500).map { try apiKey("key\($0)") }
        let store = try store(
            kind, Content(consumers: [ConsumerRecord(consumer)], credentials: all.map { CredentialRecord(key: $0, consumer: consumer) }))
        let found = try await withThrowingTaskGroup(of: Bool.self) { group in
            for key in all { group.addTask { try await store.find(key)?.key == key } }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(found == 500)
    }
}

/// The name of a file that nobody else has.
final class TemporaryFile: Sendable {
    let path = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString).db").path

    /// The database, and what SQLite keeps beside it.
    func remove() { for ending in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + ending) } }
}
