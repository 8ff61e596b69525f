import GatewayCore
import Primitives
import Testing

@testable import Identity

@Suite struct IdentityDirectoryTests {
    /// A database that answers what it is told to.
    final class Database: IdentityStore {
        let records: [IdentityKey: CredentialRecord]
        let isBroken: Bool

        init(_ records: [CredentialRecord] = [], isBroken: Bool = false) {
            self.records = Dictionary(records.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
            self.isBroken = isBroken
        }

        func find(_ key: IdentityKey) async throws(IdentityStoreError) -> CredentialRecord? {
            if isBroken { throw IdentityStoreError("broken") }
            return records[key]
        }

        func decoy(for key: IdentityKey) async throws(IdentityStoreError) -> CredentialRecord? {
            if isBroken { throw IdentityStoreError("broken") }
            return records.values.first { $0.key.kind == key.kind }
        }

        func consumer(named name: String) async throws(IdentityStoreError) -> ConsumerRecord? { nil }
    }

    private let keys: IdentityKeyMaker

    init() throws { keys = try IdentityKeyMaker() }

    private func key(_ text: String) throws -> IdentityKey { try #require(text.withView { keys.apiKey($0) }) }
    private func user(_ text: String) throws -> IdentityKey { try #require(text.withView { keys.basic(user: $0) }) }

    private func file() throws -> MemoryIdentityStore {
        var builder = MemoryIdentityStore.Builder(consumers: 3, credentials: 2)
        let owner = builder.add(Consumer(name: "known", groups: ["of-file"], plans: ["free"]))
        _ = builder.add(Consumer(name: "off"), isEnabled: false)
        _ = builder.add(Consumer(name: "known", groups: ["of-file", "of-app"], application: "app", plans: ["app"]))
        let added = builder.add(try key("file"), owner: owner)
        let hasUser = builder.add(try user("u"), owner: owner, secret: [1])
        #expect(added && hasUser)
        return builder.finish()
    }

    private func record(_ answer: IdentityDirectory.Answer?) -> CredentialRecord? {
        if case .found(let record) = answer { record } else { nil }
    }

    @Test func withoutADatabaseNothingWaits() async throws {
        let directory = IdentityDirectory(file: try file())
        #expect(record(directory.findNow(try key("file"))) != nil)
        guard case .some(.none) = directory.findNow(try key("other")) else { return #expect(Bool(false)) }
        guard case .none = await directory.find(try key("other")) else { return #expect(Bool(false)) }
    }

    @Test func theFileComesFirstAndItsWordCounts() async throws {
        let database = Database([
            CredentialRecord(key: try key("file"), id: "of-database", consumer: Consumer(name: "other")),
            CredentialRecord(key: try key("a"), consumer: Consumer(name: "known", groups: ["of-database"])),
            CredentialRecord(key: try key("b"), consumer: Consumer(name: "known", application: "app")),
            CredentialRecord(key: try key("c"), consumer: Consumer(name: "known", application: "unheard-of")),
            CredentialRecord(key: try key("d"), consumer: Consumer(name: "off", groups: ["x"])),
            CredentialRecord(key: try key("e"), consumer: Consumer(name: "new", groups: ["x"])),
            CredentialRecord(key: try key("g"), consumer: Consumer(name: "known", plans: ["of-database"]), plans: ["own"]),
        ])
        let directory = IdentityDirectory(file: try file(), store: database)
        #expect(record(await directory.find(try key("file")))?.id != "of-database")
        #expect(directory.findNow(try key("a")) == nil)
        #expect(record(await directory.find(try key("a")))?.consumer.groups == ["of-file"])
        #expect(record(await directory.find(try key("b")))?.consumer.groups == ["of-file", "of-app"])
        let unheard = try #require(record(await directory.find(try key("c"))))
        #expect(unheard.consumer.groups == ["of-file"] && unheard.consumer.application == "unheard-of")
        let plans = [record(await directory.find(try key("a"))), record(await directory.find(try key("b"))), unheard].map { $0?.consumer.plans }
        #expect(plans == [["free"], ["app"], ["free"]])
        #expect(record(await directory.find(try key("g")))?.consumer.plans == ["own"])
        #expect(record(await directory.find(try key("d")))?.isEnabled == false)
        #expect(record(await directory.find(try key("e")))?.consumer.groups == ["x"])
        guard case .none = await directory.find(try key("f")) else { return #expect(Bool(false)) }
    }

    @Test func aBrokenDatabaseIsNotTakenForAnEmptyOne() async throws {
        let directory = IdentityDirectory(file: try file(), store: Database(isBroken: true))
        #expect(record(await directory.find(try key("file"))) != nil)
        guard case .unavailable = await directory.find(try key("other")) else { return #expect(Bool(false)) }
        let empty = IdentityDirectory(file: .empty, store: Database(isBroken: true))
        guard case .unavailable = await empty.decoy(for: try user("x")) else { return #expect(Bool(false)) }
    }

    /// Names that nobody has cost what those of either place cost.
    @Test func decoysComeFromBothPlaces() async throws {
        let database = Database([CredentialRecord(key: try user("d"), consumer: Consumer(name: "c"), secret: [2])])
        let directory = IdentityDirectory(file: try file(), store: database)
        var secrets: Set<[UInt8]> = []
        for i in 0..<32 { secrets.insert(try #require(record(await directory.decoy(for: try user("nobody\(i)")))).secret) }
        #expect(secrets == [[1], [2]])
        #expect(record(await IdentityDirectory(file: try file(), store: Database()).decoy(for: try user("nobody1")))?.secret == [1])
        #expect(record(await IdentityDirectory(file: .empty, store: database).decoy(for: try user("nobody1")))?.secret == [2])
        #expect(!IdentityDirectory.empty.hasPasswords && directory.hasPasswords)
    }
}
