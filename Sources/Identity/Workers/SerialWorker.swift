import Reactor

/// Runs work that blocks or takes long, off the event loops, one piece after the other on a thread of its own.
///
/// No thread exists until there is work; it ends when the worker is released.
package final class SerialWorker: Sendable {
    /// True: does the work. False: says that it will not be done.
    private typealias Work = @Sendable (_ isDone: Bool) -> Void

    private struct Queue {
        var waiting: ContiguousArray<Work> = []
        var hasThread = false
        var isClosed = false
    }

    private let queue = Monitor(Queue())
    private let name: String
    private let limit: Int

    /// - Parameters:
    ///   - name: of the thread.
    ///   - limit: pieces of work that may wait.
    package init(_ name: String, limit: Int = 256) {
        self.name = name
        self.limit = limit
    }

    deinit { queue.withLock { $0.isClosed = true } }

    /// The result of `work`; nil when too much waits already, or when there is no thread to be had: then it was not run.
    package func run<R: Sendable>(_ work: @escaping @Sendable () -> R) async -> R? {
        await withCheckedContinuation { continuation in
            submit { continuation.resume(returning: $0 ? work() : nil) }
        }
    }

    private func submit(_ work: @escaping Work) {
        let (isTaken, needsThread) = queue.withLock { queue in
            guard queue.waiting.count < limit else { return (false, false) }
            defer { queue.hasThread = true }
            queue.waiting.append(work)
            return (true, !queue.hasThread)
        }
        guard isTaken else { return work(false) }
        guard needsThread else { return }
        do {
            // The thread keeps the queue, not its owner.
            try LoopThread.start(name) { [queue] in
                while let work = queue.next({ queue in
                    queue.waiting.isEmpty ? (queue.isClosed ? .end : .wait(until: .never)) : .done(queue.waiting.removeFirst())
                }) { work(true) }
            }.detach()
        } catch {
            // The next piece of work tries again.
            let abandoned = queue.withLock { queue in
                defer { queue = Queue() }
                return queue.waiting
            }
            for work in abandoned { work(false) }
        }
    }
}
