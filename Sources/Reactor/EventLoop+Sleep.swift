extension EventLoop {
    /// Suspends a task of this loop for so long, to the tick of the timers; the loop goes on meanwhile. To be called on the loop.
    ///
    /// - Returns: false if the task was cancelled before the time was over.
    @discardableResult
    package func sleep(for duration: Nanoseconds) async -> Bool {
        let sleeper = Sleeper(self)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { sleeper.begin($0, until: now + duration) }
        } onCancel: {
            if isCurrent { sleeper.end(false) } else { post { sleeper.end(false) } }
        }
    }
}

/// A task that waits for a timer. Confined to its loop; the task holds it until it goes on.
private final class Sleeper: TimerOwner, @unchecked Sendable {
    private unowned let loop: EventLoop
    private var waiting: (continuation: CheckedContinuation<Bool, Never>, timer: TimerWheel.ID)?
    private var isCancelled = false

    init(_ loop: EventLoop) { self.loop = loop }

    func begin(_ continuation: CheckedContinuation<Bool, Never>, until deadline: Instant) {
        guard !isCancelled, !Task.isCancelled else { return continuation.resume(returning: false) }
        let timer = loop.acquireTimer()
        loop.own(timer, by: self)
        waiting = (continuation, timer)
        loop.arm(timer, at: deadline)
    }

    func timerFired() { end(true) }

    func end(_ isWhole: Bool) {
        if !isWhole { isCancelled = true }
        guard let (continuation, timer) = waiting else { return }
        waiting = nil
        loop.releaseTimer(timer)
        continuation.resume(returning: isWhole)
    }
}
