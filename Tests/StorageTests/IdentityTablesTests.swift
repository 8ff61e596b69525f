import Foundation
import GatewayCore
import Identity
import Primitives
import Testing

@testable import Storage

/// What is particular to the database.
@Suite struct IdentityTablesTests {
    private let file = TemporaryFile()
    private let keys: IdentityKeyMaker

    init() throws { keys = try IdentityKeyMaker() }

    private func tables() throws -> IdentityTables { try IdentityTables(try SQLiteDatabase(path: file.path)) }
    private func apiKey(_ text: String) throws -> IdentityKey { try #require(text.withView { keys.apiKey($0) }) }

    @Test func whatAnotherConnectionCommitsIsSeenByTheNextLookUp() async throws {
        defer { file.remove() }
        let writer = try tables()
        let store = try SQLiteIdentityStore(path: file.path)
        let key = try apiKey("k")
        #expect(try await store.find(key) == nil)
        try writer.put(ConsumerRecord(Consumer(name: "c")))
        try writer.add([CredentialRecord(key: key, id: "slk_1", consumer: Consumer(name: "c"))], created: 10)
        #expect(try await store.find(key)?.isEnabled == true)
        #expect(try writer.revoke(id: "slk_1", of: "other", now: 20) == 0)
        #expect(try writer.revoke(id: "slk_1", of: nil, now: 20) == 1)
        #expect(try writer.revoke(id: "slk_1", of: nil, now: 30) == 0)
        #expect(try await store.find(key)?.isEnabled == false)
        let stored = try writer.credentials(of: "c")
        #expect(stored.map(\.created) == [10] && stored.map(\.revoked) == [20])
    }

    @Test func credentialsAreAddedAllOrNone() throws {
        defer { file.remove() }
        let tables = try tables()
        let consumer = Consumer(name: "c")
        try tables.put(ConsumerRecord(consumer))
        let twice = CredentialRecord(key: try apiKey("k"), consumer: consumer)
        #expect(throws: SQLiteError.self) {
            try tables.add([CredentialRecord(key: try apiKey("other"), consumer: consumer), twice, twice], created: 1)
        }
        #expect(try tables.credentials().isEmpty)
        #expect(throws: SQLiteError.self) { try tables.add([CredentialRecord(key: try apiKey("k"), consumer: Consumer(name: "nobody"))], created: 1) }
        try tables.add([twice], created: 1)
        #expect(try tables.credentials().count == 1)
    }

    @Test func aConsumerIsChanged() throws {
        defer { file.remove() }
        let tables = try tables()
        try tables.put(ConsumerRecord(Consumer(name: "c", groups: ["a"])))
        try tables.put(ConsumerRecord(Consumer(name: "c", groups: ["b"]), isEnabled: false))
        let found = try #require(try tables.consumer(named: "c"))
        #expect(found.consumer.groups == ["b"] && !found.isEnabled)
    }

    @Test func aDatabaseOfBeforeThereWerePlansIsTakenAlong() throws {
        defer { file.remove() }
        let database = try SQLiteDatabase(path: file.path)
        try database.execute(IdentityTables.migrations[0])
        try database.execute("PRAGMA user_version = 1")
        try database.execute("INSERT INTO consumers VALUES ('c', '[\"g\"]', '{}', 1)")
        try database.execute("INSERT INTO credentials VALUES (1, zeroblob(32), 'k', 'c', NULL, x'', 7, NULL, NULL)")
        let tables = try IdentityTables(database)
        let stored = try #require(try tables.credentials().first)
        #expect(stored.record.consumer.groups == ["g"] && stored.record.consumer.plans == [] && stored.record.plans == nil)
        try tables.put(ConsumerRecord(Consumer(name: "c", plans: ["free"])))
        #expect(try tables.credentials().first?.record.consumer.plans == ["free"])
    }

    @Test func theFileIsForItsOwnerAlone() throws {
        defer { file.remove() }
        _ = try tables()
        let mode = try #require(try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int)
        #expect(mode & 0o077 == 0)
    }

    @Test func whatIsNoDatabaseOrTooNewIsRefused() throws {
        defer { file.remove() }
        #expect(throws: SQLiteError.self) { try SQLiteDatabase(path: "/nonexistent/sluice.db") }
        try Data("this is no database, and long enough for nobody to take it for an empty one".utf8).write(to: URL(filePath: file.path))
        #expect(throws: SQLiteError.self) { try tables() }
        file.remove()
        let database = try SQLiteDatabase(path: file.path)
        try database.execute("PRAGMA user_version = 1000")
        #expect { try IdentityTables(database) } throws: { ($0 as? SQLiteError)?.message.contains("newer version") == true }
    }

    /// Opening reads no rows, and what is asked is found by the index.
    @Test func lookUpsUseTheIndex() throws {
        defer { file.remove() }
        let database = try SQLiteDatabase(path: file.path)
        _ = try IdentityTables(database)
        let plan = try database.prepare(
            "EXPLAIN QUERY PLAN SELECT * FROM credentials c JOIN consumers u ON u.name = c.consumer WHERE c.kind = 1 AND c.key = x'00'")
        var steps: [String] = []
        while try plan.step() { steps.append(plan.text(3)) }
        #expect(steps.count == 2 && steps.allSatisfy { $0.hasPrefix("SEARCH") && $0.contains("PRIMARY KEY") }, "\(steps)")
    }
}
