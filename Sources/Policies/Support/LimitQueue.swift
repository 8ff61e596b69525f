package import GatewayCore
package import Primitives
package import Reactor
import Synchronization

/// Requests that wait for their turn at a limit in place of being refused: for each key a line in the order in which they came, whichever
/// event loop they are on. Only the first of a line asks the limit; the others cost nothing while they wait.
///
///     guard let place = queue.join(key, exchange, size: 100, longest: .seconds(1)) else { return refuse() }
///     defer { queue.leave(place) }
///     var pause: Nanoseconds = 0
///     while await place.turn(after: pause) == .turn {
///         if takes() { return .proceed }
///         pause = untilThereMayBeMore
///     }
package final class LimitQueue: Sendable {
    private struct Lines {
        var all: [[UInt8]: ContiguousArray<LimitPlace>] = [:]
        var count = 0
    }

    /// Requests that wait on all lines together, at most.
    package static let most = 100_000

    private let lines = Mutex(Lines())
    /// The same as `Lines.count`, to be looked at without the lock.
    private let total = Atomic<Int>(0)

    package init() {}

    /// Requests that wait now.
    package var count: Int { total.load(ordering: .relaxed) }

    /// Whether somebody waits for this key, behind whom everybody who comes now has to stand.
    package func isWaiting(_ key: ByteView) -> Bool {
        guard count > 0 else { return false }
        let key = key.array
        return lines.withLock { $0.all[key] != nil }
    }

    /// The last place of the key's line; nil if that is full. Whoever has joined leaves, too.
    ///
    /// - Parameters:
    ///   - size: requests of one key that wait at a time.
    ///   - longest: time that this one waits at most.
    package func join(_ key: [UInt8], _ exchange: Exchange, size: Int, longest: Nanoseconds) -> LimitPlace? {
        let loop = exchange.loop
        return lines.withLock { lines in
            let line = lines.all[key]?.count ?? 0
            guard line < size, lines.count < LimitQueue.most else { return nil }
            let place = LimitPlace(key, loop, deadline: loop.now + longest, isFirst: line == 0)
            lines.all[key, default: []].append(place)
            lines.count += 1
            total.store(lines.count, ordering: .relaxed)
            return place
        }
    }

    package func leave(_ place: LimitPlace) {
        let next: LimitPlace? = lines.withLock { lines in
            guard var line = lines.all[place.key], let index = line.firstIndex(where: { $0 === place }) else { return nil }
            // Nobody else may hold the line while it changes.
            lines.all[place.key] = nil
            line.remove(at: index)
            lines.count -= 1
            total.store(lines.count, ordering: .relaxed)
            if !line.isEmpty { lines.all[place.key] = line }
            return index == 0 ? line.first : nil
        }
        next?.becomeFirst()
    }

    /// There may be room now: the first of the line asks at once.
    package func nudge(_ key: [UInt8]) {
        guard count > 0 else { return }
        lines.withLock { $0.all[key]?.first }?.becomeFirst()
    }
}

/// A place in a line. Confined to the loop of its exchange, but for `becomeFirst`.
package final class LimitPlace: TimerOwner, @unchecked Sendable {
    package enum Turn: Sendable {
        /// It is this request's turn to ask the limit.
        case turn
        /// It has waited for as long as it may.
        case late
        /// The client has left.
        case cancelled
    }

    package let key: [UInt8]
    private let loop: EventLoop
    private let deadline: Instant
    private var isFirst: Bool
    private var isNudged = false
    private var isCancelled = false
    private var waiting: (continuation: CheckedContinuation<Turn, Never>, timer: TimerWheel.ID, until: Instant)?

    fileprivate init(_ key: [UInt8], _ loop: EventLoop, deadline: Instant, isFirst: Bool) {
        self.key = key
        self.loop = loop
        self.deadline = deadline
        self.isFirst = isFirst
    }

    /// Waits for the front of the line, and there for so long, or until somebody says that there may be room.
    package func turn(after pause: Nanoseconds) async -> Turn {
        await withTaskCancellationHandler {
            await withCheckedContinuation { begin($0, pause) }
        } onCancel: {
            if loop.isCurrent { cancel() } else { loop.post { self.cancel() } }
        }
    }

    private func begin(_ continuation: CheckedContinuation<Turn, Never>, _ pause: Nanoseconds) {
        if isCancelled || Task.isCancelled { return continuation.resume(returning: .cancelled) }
        if loop.now >= deadline { return continuation.resume(returning: .late) }
        if isFirst, isNudged || pause == 0 {
            isNudged = false
            return continuation.resume(returning: .turn)
        }
        let until = isFirst ? loop.now + pause : .never
        let timer = loop.acquireTimer()
        loop.own(timer, by: self)
        waiting = (continuation, timer, until)
        loop.arm(timer, at: min(until, deadline))
    }

    package func timerFired() {
        guard let waiting else { return }
        end(loop.now >= deadline || waiting.until > loop.now ? .late : .turn)
    }

    fileprivate func becomeFirst() {
        if loop.isCurrent { nudged() } else { loop.post { self.nudged() } }
    }

    private func nudged() {
        isFirst = true
        if waiting == nil { isNudged = true } else { end(.turn) }
    }

    private func cancel() {
        isCancelled = true
        end(.cancelled)
    }

    private func end(_ turn: Turn) {
        guard let (continuation, timer, _) = waiting else { return }
        waiting = nil
        loop.releaseTimer(timer)
        continuation.resume(returning: turn)
    }
}
