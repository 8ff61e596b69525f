internal import GatewayCore
package import Identity
internal import Primitives
package import Reactor
private import Synchronization

/// The reconciliation of `local-sync` by way of a Redis server. Confined to its loop, but for `report`.
///
/// While the server does not answer nobody hears of anybody, so each gateway keeps to the weight that it has.
package final class RedisSync: @unchecked Sendable {
    /// One that has not looked for so long is missing.
    private static let patience = 3_000
    /// For so long one that is missing is counted.
    private static let missing = 300_000
    private static let interval: Nanoseconds = .milliseconds(100)
    private static let capacity = 8_000

    private let client: RedisClient
    private let store: LocalSyncStore
    private let loop: EventLoop
    private let id: MemberID
    private let secret: [UInt8]
    private var reconciler = Reconciler(capacity: RedisSync.capacity)
    /// Until the server has said who is there, somebody else may be.
    private var group = SyncGroup(present: 2)
    private var task: Task<Void, Never>?
    private let published = Mutex(ReconciliationReport())

    /// To be called on the loop, as everything else.
    package init(client: RedisClient, store: LocalSyncStore, loop: EventLoop) throws(CryptoError) {
        self.client = client
        self.store = store
        self.loop = loop
        var random = FastRandom()
        id = MemberID(max(1, random.next()))
        secret = try Random.bytes(16)
        store.update(group: group)
        store.update(interval: RedisSync.interval)
        task = Task(executorPreference: loop) { [weak self, loop] in
            while !Task.isCancelled {
                await self?.turn()
                await loop.sleep(for: RedisSync.interval)
            }
        }
    }

    package func stop() {
        task?.cancel()
        task = nil
        client.evaluate(SyncMail.leave, key: SyncMail.members, arguments: 1, on: loop) { command in
            command.append(key: SyncMail.members)
            command.append(id.description)
        }
        store.update(group: SyncGroup())
    }

    package var report: ReconciliationReport { published.withLock { $0 } }

    private func turn() async {
        switch await look() {
        case .success(let found): take(found)
        // What this gateway has spent is told when the server is back.
        case .failure: break
        }
    }

    private func look() async -> Result<SyncMail.Found, StoreError> {
        await client.evaluate(SyncMail.look, key: SyncMail.members, keys: 3, arguments: 3, on: loop) { command in
            command.append(key: SyncMail.members)
            SyncMail.inbox(id).withView { command.append(key: $0) }
            command.append(key: SyncMail.secret)
            command.append(id.description)
            command.append(RedisSync.missing)
            command.append(secret)
        } read: {
            SyncMail.read($0)
        }
    }

    private func take(_ found: SyncMail.Found) {
        let others = found.members.filter { $0.id != id }, time = SyncTime(now: loop.now.nanoseconds, wall: loop.wallClock)
        reconciler.members = others.filter { $0.silence < RedisSync.patience }.map(\.id)
        group = SyncGroup(present: reconciler.members.count + 1, missing: others.count - reconciler.members.count)
        store.update(group: group)
        store.update(secret: found.secret)
        reconciler.books = store.books
        for (sender, bytes) in found.payloads { reconciler.receive(bytes, from: sender, time) }
        for (member, bytes) in reconciler.turn(time, group) { send(SyncMail.letter(id, bytes), to: member) }
        publish()
    }

    private func send(_ letter: [UInt8], to member: MemberID) {
        SyncMail.inbox(member).withView { key in
            client.evaluate(SyncMail.send, key: key, arguments: 1, on: loop) { command in
                command.append(key: key)
                command.append(letter)
            }
        }
    }

    private func publish() {
        let report = ReconciliationReport(reconciler, group)
        published.withLock { $0 = report }
    }
}
