import GatewayCore
import PolicyKit
import Primitives
import Reactor
import SharedState

/// Requests that wait until there is room for them: first come, first served for each key of an event loop.
///
/// Only the first of a line asks the limiter, again whenever it has been told that there may be room; so those who wait cost nothing.
final class RateLimitQueue: Sendable {
    private let size: Int
    private let longest: Nanoseconds
    private let lines: LoopLocal<RateLimitLines>

    init(_ settings: RateLimit.Queue, loops: Int) {
        size = settings.size
        longest = settings.longest.nanoseconds
        lines = LoopLocal(loops: loops) { RateLimitLines() }
    }

    /// Somebody waits for this key already, so that whoever comes has to stand behind.
    func hasLine(_ exchange: Exchange, _ key: ByteView) -> Bool {
        let lines = lines[exchange]
        return lines.count > 0 && lines.isWaiting(key.array)
    }

    /// Waits until `ask` allows it.
    ///
    /// - Parameters:
    ///   - ask: asks the limiter.
    /// - Returns: what was said last, nil if nobody could say anything, or the client has left.
    func wait(_ exchange: Exchange, _ key: [UInt8], _ ask: () async -> RateDecision?) async -> RateDecision? {
        let loop = exchange.loop, lines = lines[exchange]
        let deadline = loop.now + longest
        guard lines.count < size else { return await ask() }
        let waiter = RateLimitWaiter(loop)
        lines.append(waiter, to: key)
        defer { lines.remove(waiter, from: key) }
        if !lines.isFirst(waiter, of: key), await !waiter.turn(until: deadline), Task.isCancelled { return nil }
        var last = await ask()
        while let decision = last, !decision.allowed {
            let pause = decision.retryAfter
            guard loop.now + pause <= deadline, await loop.sleep(for: pause) else { return decision }
            last = await ask()
        }
        return last
    }
}

/// The lines of one event loop, by key.
final class RateLimitLines {
    private var lines: [[UInt8]: [RateLimitWaiter]] = [:]
    private(set) var count = 0

    func isWaiting(_ key: [UInt8]) -> Bool { lines[key] != nil }
    func isFirst(_ waiter: RateLimitWaiter, of key: [UInt8]) -> Bool { lines[key]?.first === waiter }

    func append(_ waiter: RateLimitWaiter, to key: [UInt8]) {
        lines[key, default: []].append(waiter)
        count += 1
    }

    /// The next becomes the first.
    func remove(_ waiter: RateLimitWaiter, from key: [UInt8]) {
        guard var line = lines[key], let place = line.firstIndex(where: { $0 === waiter }) else { return }
        line.remove(at: place)
        count -= 1
        lines[key] = line.isEmpty ? nil : line
        if place == 0 { line.first?.isNext() }
    }
}

/// A request in a line. Confined to its loop.
final class RateLimitWaiter: TimerOwner, @unchecked Sendable {
    private unowned let loop: EventLoop
    private var waiting: (continuation: CheckedContinuation<Bool, Never>, timer: TimerWheel.ID)?
    /// What ended the wait before it began.
    private var outcome: Bool?

    init(_ loop: EventLoop) { self.loop = loop }

    /// Waits until it is the first of its line. False: that took too long, or the client has left.
    func turn(until deadline: Instant) async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { begin($0, deadline) }
        } onCancel: {
            if loop.isCurrent { end(false) } else { loop.post { self.end(false) } }
        }
    }

    func isNext() { end(true) }
    func timerFired() { end(false) }

    private func begin(_ continuation: CheckedContinuation<Bool, Never>, _ deadline: Instant) {
        if let outcome { return continuation.resume(returning: outcome) }
        let timer = loop.acquireTimer()
        loop.own(timer, by: self)
        waiting = (continuation, timer)
        loop.arm(timer, at: deadline)
    }

    private func end(_ outcome: Bool) {
        guard let (continuation, timer) = waiting else {
            if self.outcome == nil { self.outcome = outcome }
            return
        }
        waiting = nil
        self.outcome = outcome
        loop.releaseTimer(timer)
        continuation.resume(returning: outcome)
    }
}
