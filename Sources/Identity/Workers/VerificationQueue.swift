/// Which passwords wait for a thread, which are being verified, and who waits for them: decides, and does nothing itself.
struct VerificationQueue<Waiter: Sendable>: Sendable {
    /// What a thread works on.
    struct Job: Sendable {
        let id: UInt64
        let hash: PasswordHash
        let password: [UInt8]
    }

    enum Submission: Equatable {
        /// A thread has to take it.
        case queued
        /// The same is waiting or being done already.
        case joined
        case busy
    }

    private struct Entry {
        let job: Job
        let key: CredentialKey
        var waiters: [Waiter]
    }

    private let limit: Int
    private var waiting: ContiguousArray<Entry> = []
    private var running: ContiguousArray<Entry> = []
    private var lastID: UInt64 = 0
    private(set) var isClosed = false
    /// Threads that were started.
    var threads = 0

    /// - Parameter limit: jobs that may wait; those that threads have taken don't count.
    init(limit: Int) { self.limit = limit }

    /// Jobs that no thread has taken yet.
    var depth: Int { waiting.count }

    /// The waiter is kept until its job has finished; when the answer is `.busy`, it is not.
    mutating func submit(key: CredentialKey, hash: PasswordHash, password: [UInt8], _ waiter: Waiter) -> Submission {
        if isClosed { return .busy }
        // Both lists are short. A configuration may have changed between two of the same key, hence the look at the hash.
        if let i = running.firstIndex(where: { $0.key == key && $0.job.hash == hash }) {
            running[i].waiters.append(waiter)
            return .joined
        }
        if let i = waiting.firstIndex(where: { $0.key == key && $0.job.hash == hash }) {
            waiting[i].waiters.append(waiter)
            return .joined
        }
        guard waiting.count < limit else { return .busy }
        lastID += 1
        waiting.append(Entry(job: Job(id: lastID, hash: hash, password: password), key: key, waiters: [waiter]))
        return .queued
    }

    /// The job that has waited longest.
    mutating func next() -> Job? {
        guard !waiting.isEmpty else { return nil }
        let entry = waiting.removeFirst()
        running.append(entry)
        return entry.job
    }

    /// Who waited for a job that was taken.
    mutating func finish(_ id: UInt64) -> [Waiter] {
        guard let i = running.firstIndex(where: { $0.job.id == id }) else { return [] }
        return running.remove(at: i).waiters
    }

    /// Takes no more; answers whose jobs nobody will do. Jobs that were taken still finish.
    mutating func close() -> [Waiter] {
        isClosed = true
        return abandon()
    }

    /// Gives up what waits.
    mutating func abandon() -> [Waiter] {
        defer { waiting.removeAll() }
        return waiting.flatMap { $0.waiters }
    }
}
