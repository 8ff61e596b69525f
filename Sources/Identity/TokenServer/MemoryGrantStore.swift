private import Synchronization

/// Keeps everything in memory, and forgets it with the process.
package final class MemoryGrantStore: GrantStore {
    private let table: Mutex<GrantTable>

    /// - Parameter most: records of each kind, 500 bytes or so each.
    package init(most: Int = 100_000) { table = Mutex(GrantTable(most: most)) }

    package func update<R>(_ key: GrantKey, now: Int, _ change: (inout GrantRecord?) -> R) throws(GrantStoreError) -> R {
        let outcome: Result<R, GrantStoreError> = table.withLock { table in
            let before = table.record(key, now: now)
            var record = before
            let result = change(&record)
            guard record == before || table.set(key, record, now: now) else { return .failure(.full(key.kind)) }
            return .success(result)
        }
        return try outcome.get()
    }

    package func records(_ kind: GrantKind, now: Int) -> [(id: String, record: GrantRecord)] { table.withLock { $0.all(kind, now: now) } }
}
