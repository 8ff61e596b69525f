import GatewayCore

/// The consumers of a configuration, and behind them those of its database, if it has one. One for a snapshot.
package final class IdentityDirectory: Sendable {
    /// What the configuration says itself.
    package let file: MemoryIdentityStore
    /// What else there is.
    package let store: (any IdentityStore)?

    package init(file: MemoryIdentityStore, store: (any IdentityStore)? = nil) {
        self.file = file
        self.store = store
    }

    package static let empty = IdentityDirectory(file: .empty)

    /// Somebody may have a password.
    package var hasPasswords: Bool { store != nil || file.passwordCount > 0 }

    package enum Answer: Sendable {
        case found(CredentialRecord)
        case none
        /// The database can't tell.
        case unavailable
    }

    /// What is known without waiting; nil: `find` has to ask the database.
    package func findNow(_ key: IdentityKey) -> Answer? {
        if let record = file.find(key) { return .found(record) }
        return store == nil ? Answer.none : nil
    }

    package func find(_ key: IdentityKey) async -> Answer {
        if let answer = findNow(key) { return answer }
        guard let store else { return .none }
        do throws(IdentityStoreError) {
            return try await store.find(key).map { .found(merged($0)) } ?? .none
        } catch {
            return .unavailable
        }
    }

    /// What to check a password of somebody unknown against; `.none` where there is no password at all.
    package func decoy(for key: IdentityKey) async -> Answer {
        let ofFile = file.decoy(for: key)
        // Where both have passwords, unknown users cost what those of either cost.
        if let ofFile, store == nil || key.digest.words.1 & 1 == 0 { return .found(ofFile) }
        guard let store else { return .none }
        do throws(IdentityStoreError) {
            return (try await store.decoy(for: key) ?? ofFile).map { .found($0) } ?? .none
        } catch {
            return .unavailable
        }
    }

    /// Of a consumer that the file has, too, the file's word counts.
    private func merged(_ record: CredentialRecord) -> CredentialRecord {
        let consumer = record.consumer
        guard let known = file.owner(named: consumer.name, application: consumer.application) ?? file.consumer(named: consumer.name) else {
            return record
        }
        var record = record
        record.consumer =
            known.consumer.application == consumer.application
            ? known.consumer
            : Consumer(
                name: consumer.name, groups: known.consumer.groups, attributes: known.consumer.attributes, application: consumer.application,
                plans: known.consumer.plans)
        if let plans = record.plans { record.consumer = record.consumer.under(plans) }
        record.isEnabled = record.isEnabled && known.isEnabled
        return record
    }
}
