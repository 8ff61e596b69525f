import GatewayCore

/// Consumers and credentials in memory, never changed once they are there: any thread may look up without a lock, and without
/// waiting. A credential takes 56 bytes, its place in the index 5 to 11, and its texts.
package final class MemoryIdentityStore: IdentityStore {
    struct Entry: Sendable {
        var digest: CredentialKey
        /// `Int.max`: never.
        var expires: Int
        /// Place among the owners.
        var owner: UInt32
        /// Where its id and then its secret stand in the texts.
        var text: UInt32
        var secretCount: UInt16
        var idCount: UInt8
        var kind: CredentialKind
        var isEnabled: Bool
    }

    private let entries: ContiguousArray<Entry>
    private let index: SlotIndex
    private let owners: ContiguousArray<Consumer>
    /// Owners that are switched off.
    private let disabled: Set<Int>
    private let ownerIndex: SlotIndex
    private let texts: ContiguousArray<UInt8>
    /// The places of the credentials with passwords.
    private let passwords: ContiguousArray<UInt32>

    init(_ builder: consuming Builder) {
        entries = builder.entries
        index = builder.index
        owners = builder.owners
        disabled = builder.disabled
        ownerIndex = builder.ownerIndex
        texts = builder.texts
        passwords = builder.passwords
    }

    /// With nothing in it.
    package static let empty = MemoryIdentityStore(Builder(consumers: 0, credentials: 0))

    package var count: Int { entries.count }
    package var passwordCount: Int { passwords.count }

    /// Counts, which is for those who prepare something.
    package func count(of kind: CredentialKind) -> Int { entries.count { $0.kind == kind } }

    /// Bytes that all this takes, but for the names and attributes of consumers.
    package var bytes: Int {
        entries.capacity * MemoryLayout<Entry>.stride + index.bytes + owners.capacity * MemoryLayout<Consumer>.stride + ownerIndex.bytes
            + texts.capacity + passwords.capacity * MemoryLayout<UInt32>.stride
    }

    package func find(_ key: IdentityKey) -> CredentialRecord? {
        index.find(key.digest.words.0) { entries[$0].digest == key.digest && entries[$0].kind == key.kind }.map { record(entries[$0]) }
    }

    package func decoy(for key: IdentityKey) -> CredentialRecord? {
        guard key.kind == .basic, !passwords.isEmpty else { return nil }
        return record(entries[Int(passwords[Int(truncatingIfNeeded: key.digest.words.0 % UInt64(passwords.count))])])
    }

    package func consumer(named name: String) -> ConsumerRecord? { owner(named: name, application: nil) }

    /// The consumer, or an application of it.
    package func owner(named name: String, application: String?) -> ConsumerRecord? {
        ownerIndex.find(MemoryIdentityStore.hash(name, application)) { owners[$0].name == name && owners[$0].application == application }
            .map { ConsumerRecord(owners[$0], isEnabled: !disabled.contains($0)) }
    }

    /// Calls `body` with every credential, in the order in which they were added.
    package func forEach(_ body: (CredentialRecord) -> Void) {
        for entry in entries { body(record(entry)) }
    }

    private func record(_ entry: Entry) -> CredentialRecord {
        let id = Int(entry.text), secret = id + Int(entry.idCount)
        return CredentialRecord(
            key: IdentityKey(entry.kind, digest: entry.digest),
            id: entry.idCount == 0 ? nil : String(decoding: texts[id..<secret], as: UTF8.self), consumer: owners[Int(entry.owner)],
            secret: Array(texts[secret..<secret + Int(entry.secretCount)]), expires: entry.expires == .max ? nil : entry.expires,
            isEnabled: entry.isEnabled && !disabled.contains(Int(entry.owner)))
    }

    static func hash(_ name: String, _ application: String?) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(name)
        hasher.combine(application)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }
}
