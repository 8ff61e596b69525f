import GatewayCore
package import Identity
import Reactor

/// Consumers and credentials in an SQLite database, asked on a thread of its own. Opening reads nothing but the tables' version, so
/// a million consumers take no longer to start with than one.
///
/// Others may change the database at the same time: what they have committed is seen by the next look-up.
package final class SQLiteIdentityStore: IdentityStore {
    /// Look-ups that may wait for the thread.
    private static let limit = 4096

    private typealias Job = @Sendable (IdentityTables) -> Void

    private struct Queue {
        var jobs: ContiguousArray<Job> = []
        var isClosed = false
    }

    /// Only the thread uses the tables, once it has started.
    private struct Held: @unchecked Sendable { let tables: IdentityTables }

    private let queue: Monitor<Queue>

    /// Opens the database, or makes it, with the tables that are missing.
    package init(path: String) throws(IdentityStoreError) {
        let held: Held
        do throws(SQLiteError) {
            held = Held(tables: try IdentityTables(try SQLiteDatabase(path: path)))
        } catch {
            throw IdentityStoreError(error.description)
        }
        let queue = Monitor(Queue())
        self.queue = queue
        do throws(SystemError) {
            // The thread keeps the queue and the tables, not the store; it ends when the store goes.
            try LoopThread.start("identity-db") { SQLiteIdentityStore.run(queue, held.tables) }.detach()
        } catch {
            throw IdentityStoreError("\(error)")
        }
    }

    deinit { queue.withLock { $0.isClosed = true } }

    package func find(_ key: IdentityKey) async throws(IdentityStoreError) -> CredentialRecord? {
        try await perform { (tables) throws(SQLiteError) in try tables.find(key) }
    }

    package func decoy(for key: IdentityKey) async throws(IdentityStoreError) -> CredentialRecord? {
        try await perform { (tables) throws(SQLiteError) in try tables.decoy(for: key) }
    }

    package func consumer(named name: String) async throws(IdentityStoreError) -> ConsumerRecord? {
        try await perform { (tables) throws(SQLiteError) in try tables.consumer(named: name) }
    }

    private func perform<Value: Sendable>(
        _ body: @escaping @Sendable (IdentityTables) throws(SQLiteError) -> Value
    ) async throws(IdentityStoreError) -> Value {
        let result: Result<Value, IdentityStoreError> = await withCheckedContinuation { continuation in
            let isTaken = queue.withLock { queue in
                guard queue.jobs.count < SQLiteIdentityStore.limit else { return false }
                queue.jobs.append { tables in
                    do throws(SQLiteError) {
                        continuation.resume(returning: .success(try body(tables)))
                    } catch {
                        continuation.resume(returning: .failure(IdentityStoreError(error.description)))
                    }
                }
                return true
            }
            if !isTaken { continuation.resume(returning: .failure(IdentityStoreError("too many look-ups are waiting"))) }
        }
        return try result.get()
    }

    private static func run(_ queue: Monitor<Queue>, _ tables: IdentityTables) {
        while let jobs = queue.next({ queue -> Monitor<Queue>.Step<ContiguousArray<Job>> in
            guard queue.jobs.isEmpty else {
                defer { queue.jobs = [] }
                return .done(queue.jobs)
            }
            return queue.isClosed ? .end : .wait(until: .never)
        }) {
            for job in jobs { job(tables) }
        }
    }
}
