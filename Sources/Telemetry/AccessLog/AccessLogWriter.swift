private import Primitives
package import Reactor
private import Synchronization

/// Where access log lines go: a thread of its own that renders the batches of all loops and writes them to a file or to
/// standard output.
///
/// What waits is bounded. When the disk or the reader of the pipe can't keep up, whole batches are dropped and counted:
/// traffic never waits for its log.
package final class AccessLogWriter: Sendable {
    private struct Queue {
        var waiting: ContiguousArray<LogBatch> = []
        var bytes = 0
        var free: ContiguousArray<LogBatch> = []
        var isClosed = false
        var reopen = false
    }

    private let queue = Mutex(Queue())
    private let work = WakeUp()
    private let done = WakeUp()
    private let limit: Int
    private let path: String
    private let format: AccessLogFormat
    private let problem: (@Sendable (SystemError) -> Void)?
    private let droppedCount = Atomic<UInt64>(0)
    private let writtenCount = Atomic<UInt64>(0)
    private let failedCount = Atomic<UInt64>(0)

    /// Opens `path` for appending (`-` is standard output) and starts the thread, which lives until `close`.
    ///
    /// - Parameters:
    ///   - limit: bytes of records that may wait; about 300 bytes each.
    ///   - problem: told, on the writer's thread, about a write or a reopening that failed: once until it works again.
    /// - Throws: when the file can't be opened.
    package init(
        path: String, format: AccessLogFormat = .json, limit: Int = 8 << 20, problem: (@Sendable (SystemError) -> Void)? = nil
    ) throws(SystemError) {
        self.path = path
        self.format = format
        self.limit = limit
        self.problem = problem
        let file = try LogFile(path: path)
        // Nobody joins this thread: `close` must not wait for ever.
        try LoopThread.start("access-log") { [self] in run(file) }.detach()
    }

    /// Lines that were lost because the writer could not keep up.
    package var dropped: UInt64 { droppedCount.load(ordering: .relaxed) }
    /// Lines that the system took.
    package var written: UInt64 { writtenCount.load(ordering: .relaxed) }
    /// Lines that were lost because writing failed: disk full, pipe closed.
    package var failed: UInt64 { failedCount.load(ordering: .relaxed) }

    /// Opens the file again by its name, after a log rotation. Callable from any thread; returns at once. When it can't
    /// be opened, the old one stays. Does nothing for standard output.
    package func reopen() {
        queue.withLock { $0.reopen = true }
        work.signal()
    }

    /// Writes all that was handed over, closes the file and ends the thread. False: that took longer than `limit`, because
    /// whoever reads standard output does not. Batches handed over later are dropped.
    @discardableResult package func close(within limit: Nanoseconds = .seconds(5)) -> Bool {
        queue.withLock { $0.isClosed = true }
        work.signal()
        let ended = done.wait(until: .now + limit)
        if ended { done.signal() }
        return ended
    }

    // MARK: The loops' side

    func takeBatch() -> LogBatch { queue.withLock { $0.free.popLast() } ?? LogBatch() }

    func hand(over batch: LogBatch) {
        let taken = queue.withLock { queue in
            guard !queue.isClosed, queue.bytes + batch.bytes.count <= limit else { return false }
            queue.bytes += batch.bytes.count
            queue.waiting.append(batch)
            return true
        }
        if taken { return work.signal() }
        droppedCount.add(UInt64(batch.records), ordering: .relaxed)
        giveBack(batch)
    }

    private func giveBack(_ batch: LogBatch) {
        batch.clear()
        queue.withLock { if $0.free.count < 64 { $0.free.append(batch) } }
    }

    // MARK: The thread

    private func run(_ opened: LogFile) {
        var file = opened
        let lines = ByteBuffer(capacity: 64 << 10)
        var isBroken = false
        var isOver = false
        // Changes places with the queue's, so that neither grows anew.
        var batches: ContiguousArray<LogBatch> = []
        while !isOver {
            work.wait()
            batches.removeAll(keepingCapacity: true)
            let reopen = queue.withLock { queue in
                defer { queue.reopen = false }
                isOver = queue.isClosed
                swap(&batches, &queue.waiting)
                return queue.reopen
            }
            if reopen {
                do { try file.reopen() } catch { problem?(error) }
            }
            for batch in batches {
                let size = batch.bytes.count
                format.render(batch.bytes.view, to: lines)
                let error = file.write(lines.view)
                lines.clear()
                if let error {
                    failedCount.add(UInt64(batch.records), ordering: .relaxed)
                    if !isBroken { problem?(error) }
                } else {
                    writtenCount.add(UInt64(batch.records), ordering: .relaxed)
                }
                isBroken = error != nil
                queue.withLock { $0.bytes -= size }
                giveBack(batch)
            }
        }
        file.close()
        done.signal()
    }
}
