import GatewayCore
import Identity
import Model
import Schema
import Storage
import Synchronization

/// The database of consumers that a process has open: it stays open as long as the configuration names it.
final class IdentityStores: Sendable {
    private struct Open {
        let path: String
        let store: any IdentityStore
    }

    private let current = Mutex<Open?>(nil)

    /// The database that a configuration names, if it names one. A failure is told at its place.
    func open(for configuration: Configuration) -> Result<(any IdentityStore)?, IdentityStoreFlaw> {
        guard let path = configuration.storage.database?.path else { return .success(nil) }
        if let open = current.withLock({ $0 }), open.path == path { return .success(open.store) }
        do throws(IdentityStoreError) {
            return .success(try SQLiteIdentityStore(path: path))
        } catch {
            let place = configuration.storage.$database.position
            return .failure(IdentityStoreFlaw(diagnostic: Diagnostic(.error, at: place, path: "storage.database", error.description)))
        }
    }

    /// The configuration has been applied with this database.
    func keep(_ store: (any IdentityStore)?, of configuration: Configuration) {
        let path = configuration.storage.database?.path
        current.withLock { $0 = store.flatMap { store in path.map { Open(path: $0, store: store) } } }
    }
}

struct IdentityStoreFlaw: Error {
    let diagnostic: Diagnostic
}

/// Stands for a database where a configuration is only looked at: nothing is opened, and no file is made.
final class UnopenedIdentityStore: IdentityStore {
    /// Nil for a configuration that names no database.
    static func standing(for configuration: Configuration) -> UnopenedIdentityStore? {
        configuration.storage.database == nil ? nil : UnopenedIdentityStore()
    }

    private let failure = IdentityStoreError("the database is not open")

    func find(_ key: IdentityKey) throws(IdentityStoreError) -> CredentialRecord? { throw failure }
    func decoy(for key: IdentityKey) throws(IdentityStoreError) -> CredentialRecord? { throw failure }
    func consumer(named name: String) throws(IdentityStoreError) -> ConsumerRecord? { throw failure }
}
