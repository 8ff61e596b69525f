import GatewayCore
package import Identity
import Primitives

/// Consumers and credentials in the tables of a database. For one thread at a time.
package final class IdentityTables {
    /// What each version adds to the one before.
    static let migrations = [
        """
        CREATE TABLE consumers (
            name TEXT PRIMARY KEY NOT NULL,
            groups TEXT NOT NULL,
            attributes TEXT NOT NULL,
            enabled INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE credentials (
            kind INTEGER NOT NULL,
            key BLOB NOT NULL,
            id TEXT NOT NULL,
            consumer TEXT NOT NULL REFERENCES consumers (name) ON UPDATE CASCADE ON DELETE CASCADE,
            application TEXT,
            secret BLOB NOT NULL,
            created INTEGER NOT NULL,
            expires INTEGER,
            revoked INTEGER,
            PRIMARY KEY (kind, key)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX credentials_of_consumers ON credentials (consumer);
        CREATE INDEX credentials_by_id ON credentials (id);
        """,
        """
        ALTER TABLE consumers ADD COLUMN plans TEXT NOT NULL DEFAULT '[]';
        ALTER TABLE credentials ADD COLUMN plans TEXT;
        """,
    ]
    private static let columns = """
        SELECT c.kind, c.key, c.id, c.consumer, c.application, c.secret, c.expires, c.revoked, u.groups, u.attributes, u.enabled, c.created,
               c.plans, u.plans
        FROM credentials c JOIN consumers u ON u.name = c.consumer
        """

    private let database: SQLiteDatabase
    private let findStatement: SQLiteStatement
    private let nextStatement: SQLiteStatement
    private let consumerStatement: SQLiteStatement

    package init(_ database: SQLiteDatabase) throws(SQLiteError) {
        self.database = database
        try database.migrate(IdentityTables.migrations)
        findStatement = try database.prepare(IdentityTables.columns + " WHERE c.kind = ? AND c.key = ?")
        nextStatement = try database.prepare(IdentityTables.columns + " WHERE c.kind = ? AND c.key >= ? ORDER BY c.key LIMIT 1")
        consumerStatement = try database.prepare("SELECT name, groups, attributes, enabled, plans FROM consumers WHERE name = ?")
    }

    // MARK: Looking

    package func find(_ key: IdentityKey) throws(SQLiteError) -> CredentialRecord? {
        try first(findStatement, [.integer(Int64(key.kind.rawValue)), .blob(key.bytes)])
    }

    /// The credential of that kind whose key is the next one.
    package func decoy(for key: IdentityKey) throws(SQLiteError) -> CredentialRecord? {
        let kind = SQLiteValue.integer(Int64(key.kind.rawValue))
        if let found = try first(nextStatement, [kind, .blob(key.bytes)]) { return found }
        return try first(nextStatement, [kind, .blob([])])
    }

    package func consumer(named name: String) throws(SQLiteError) -> ConsumerRecord? {
        try consumerStatement.bind([.text(name)])
        defer { consumerStatement.reset() }
        guard try consumerStatement.step() else { return nil }
        let consumer = Consumer(
            name: consumerStatement.text(0), groups: IdentityTables.list(consumerStatement.text(1)),
            attributes: IdentityTables.pairs(consumerStatement.text(2)), plans: IdentityTables.list(consumerStatement.text(4)))
        return ConsumerRecord(consumer, isEnabled: consumerStatement.integer(3) != 0)
    }

    /// All credentials, or those of a consumer, by consumer and age.
    package func credentials(of consumer: String? = nil) throws(SQLiteError) -> [StoredCredential] {
        let statement = try database.prepare(IdentityTables.columns + " WHERE ?1 IS NULL OR c.consumer = ?1 ORDER BY c.consumer, c.created, c.id")
        try statement.bind([consumer.map { .text($0) } ?? .null])
        var found: [StoredCredential] = []
        while try statement.step() { if let stored = IdentityTables.stored(statement) { found.append(stored) } }
        return found
    }

    private func first(_ statement: SQLiteStatement, _ values: [SQLiteValue]) throws(SQLiteError) -> CredentialRecord? {
        try statement.bind(values)
        defer { statement.reset() }
        return try statement.step() ? IdentityTables.stored(statement)?.record : nil
    }

    // MARK: Changing

    /// Adds a consumer, or changes the one of that name.
    package func put(_ consumer: ConsumerRecord) throws(SQLiteError) {
        let statement = try database.prepare(
            """
            INSERT INTO consumers (name, groups, attributes, enabled, plans) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (name) DO UPDATE SET groups = excluded.groups, attributes = excluded.attributes, enabled = excluded.enabled,
                plans = excluded.plans
            """)
        try statement.run([
            .text(consumer.consumer.name), .text(IdentityTables.text(of: consumer.consumer.groups)),
            .text(IdentityTables.text(of: consumer.consumer.attributes)), .integer(consumer.isEnabled ? 1 : 0),
            .text(IdentityTables.text(of: consumer.consumer.plans)),
        ])
    }

    /// Adds credentials, all or none. Their consumers must be there. Fails if there is one of the same key.
    ///
    /// - Parameter created: seconds since 1970.
    package func add(_ records: [CredentialRecord], created: Int) throws(SQLiteError) {
        try database.transaction { () throws(SQLiteError) in
            let statement = try database.prepare(
                """
                INSERT INTO credentials (kind, key, id, consumer, application, secret, created, expires, revoked, plans)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
            for record in records {
                try statement.run([
                    .integer(Int64(record.key.kind.rawValue)), .blob(record.key.bytes), .text(record.id), .text(record.consumer.name),
                    record.consumer.application.map { .text($0) } ?? .null, .blob(record.secret), .integer(Int64(created)),
                    record.expires.map { .integer(Int64($0)) } ?? .null, record.isEnabled ? .null : .integer(Int64(created)),
                    record.plans.map { .text(IdentityTables.text(of: $0)) } ?? .null,
                ])
            }
        }
    }

    /// Ends the credentials called `id`, or only those of one consumer. Answers how many there were that had not ended.
    package func revoke(id: String, of consumer: String?, now: Int) throws(SQLiteError) -> Int {
        let statement = try database.prepare(
            "UPDATE credentials SET revoked = ?1 WHERE id = ?2 AND revoked IS NULL AND (?3 IS NULL OR consumer = ?3)")
        try statement.run([.integer(Int64(now)), .text(id), consumer.map { .text($0) } ?? .null])
        return database.changes
    }
}

/// A credential, and when what happened to it.
package struct StoredCredential: Sendable {
    package var record: CredentialRecord
    /// Seconds since 1970, here and below.
    package var created: Int
    package var revoked: Int?
}

extension IdentityTables {
    /// The row that the statement is at; nil if somebody else has written what nobody here understands.
    private static func stored(_ row: SQLiteStatement) -> StoredCredential? {
        guard let kind = CredentialKind(rawValue: UInt8(truncatingIfNeeded: row.integer(0))), let digest = CredentialKey(bytes: row.blob(1)) else {
            return nil
        }
        let consumer = Consumer(
            name: row.text(3), groups: list(row.text(8)), attributes: pairs(row.text(9)), application: row.isNull(4) ? nil : row.text(4),
            plans: list(row.text(13)))
        let record = CredentialRecord(
            key: IdentityKey(kind, digest: digest), id: row.text(2), consumer: consumer, plans: row.isNull(12) ? nil : list(row.text(12)),
            secret: row.blob(5),
            expires: row.isNull(6) ? nil : Int(row.integer(6)), isEnabled: row.isNull(7) && row.integer(10) != 0)
        return StoredCredential(record: record, created: Int(row.integer(11)), revoked: row.isNull(7) ? nil : Int(row.integer(7)))
    }

    private static func list(_ text: String) -> [String] { parsed(text)?.array?.compactMap(\.string) ?? [] }

    private static func pairs(_ text: String) -> [(name: String, value: String)] {
        guard let object = parsed(text)?.object else { return [] }
        return object.members.compactMap { member in member.value.string.map { (member.name, $0) } }
    }

    private static func parsed(_ text: String) -> JSON? { text.withView { try? JSON.parse($0) } }

    private static func text(of list: [String]) -> String { String(decoding: JSON.array(list.map { .string($0) }).bytes, as: UTF8.self) }

    private static func text(of pairs: [(name: String, value: String)]) -> String {
        var object = JSONObject()
        for (name, value) in pairs { object[name] = .string(value) }
        return String(decoding: JSON.object(object).bytes, as: UTF8.self)
    }
}
