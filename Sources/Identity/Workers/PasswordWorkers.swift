private import Glibc
import Reactor

package enum VerifyResult: Equatable, Sendable {
    case matches
    case differs
    /// Too much waits already, or the workers are closed: nothing was verified, and trying again later may help.
    case busy
}

/// Verifies passwords on threads of its own, off the event loops, a few at a time.
///
/// Hashing is slow on purpose, so it is bounded twice: by the number of threads, which run at a lower priority than the
/// loops, and by how many passwords may wait for them. Requests that bring the same credentials at the same time share one
/// verification. No thread exists until a password needs one; they end when the workers are closed or released.
package final class PasswordWorkers: Sendable {
    typealias Waiter = @Sendable (VerifyResult) -> Void

    private let queue: Monitor<VerificationQueue<Waiter>>
    private let threads: Int
    private let check: @Sendable (PasswordHash, [UInt8]) -> Bool

    /// One thread, or two where that leaves most processors to the loops.
    package static var defaultThreads: Int { LoopThread.processors >= 8 ? 2 : 1 }

    /// - Parameters:
    ///   - threads: verifications at a time; each takes one processor, and the memory that its hash says.
    ///   - limit: verifications that may wait for a thread.
    package convenience init(threads: Int = PasswordWorkers.defaultThreads, limit: Int = 64) {
        self.init(threads: threads, limit: limit) { $0.verify($1) }
    }

    /// Verifies with `check`.
    init(threads: Int, limit: Int, check: @escaping @Sendable (PasswordHash, [UInt8]) -> Bool) {
        queue = Monitor(VerificationQueue(limit: limit))
        self.threads = max(1, threads)
        self.check = check
    }

    deinit { close() }

    /// Verifications that wait for a thread.
    package var depth: Int { queue.withLock { $0.depth } }

    /// Verifies a password.
    ///
    /// - Parameter key: of the user and the password: what has the same key and hash is the same work.
    package func verify(key: CredentialKey, hash: PasswordHash, password: [UInt8]) async -> VerifyResult {
        await withCheckedContinuation { continuation in
            verify(key: key, hash: hash, password: password) { continuation.resume(returning: $0) }
        }
    }

    /// Verifies a password; `completion` is called once, on one of the threads, or before this returns when the result is
    /// `.busy`.
    package func verify(
        key: CredentialKey, hash: PasswordHash, password: [UInt8], _ completion: @escaping @Sendable (VerifyResult) -> Void
    ) {
        let submission = queue.withLock { $0.submit(key: key, hash: hash, password: password, completion) }
        switch submission {
        case .joined: break
        case .queued: start()
        case .busy: completion(.busy)
        }
    }

    /// Ends the threads, each when its verification is over; what waits is answered with `.busy`. May be called again.
    package func close() {
        for waiter in queue.withLock({ $0.close() }) { waiter(.busy) }
    }

    // MARK: Threads

    private func start() {
        let missing = queue.withLock { queue in
            defer { queue.threads = threads }
            return queue.threads == 0 ? threads : 0
        }
        guard missing > 0 else { return }
        var failed = 0
        for i in 0..<missing {
            do {
                // The threads keep the queue, not its owner. Nobody joins them: one verification may take seconds.
                try LoopThread.start("password-\(i)") { [queue, check] in PasswordWorkers.run(queue, check) }.detach()
            } catch {
                failed += 1
            }
        }
        guard failed > 0 else { return }
        // Those that did start do the work; without any, nobody does, and the next password tries again.
        let abandoned = queue.withLock { queue in
            queue.threads -= failed
            return queue.threads == 0 ? queue.abandon() : []
        }
        for waiter in abandoned { waiter(.busy) }
    }

    private static func run(_ queue: Monitor<VerificationQueue<Waiter>>, _ check: @Sendable (PasswordHash, [UInt8]) -> Bool) {
        // Of this thread alone, which is what Linux means by a process here: the loops come first.
        _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
        while let job = queue.next({ queue in
            queue.next().map { .done($0) } ?? (queue.isClosed ? .end : .wait(until: .never))
        }) {
            let result: VerifyResult = check(job.hash, job.password) ? .matches : .differs
            for waiter in queue.withLock({ $0.finish(job.id) }) { waiter(result) }
        }
    }
}
