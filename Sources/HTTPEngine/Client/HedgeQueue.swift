package import GatewayCore
import Reactor

/// Requests that are looked at again after a while, in the order in which they were sent. Of one lane.
package final class HedgeQueue {
    private struct Entry {
        let exchange: Exchange
        /// Tells whether the object still stands for the same request.
        let id: RequestID
        let due: Instant
    }

    private let loop: EventLoop
    private let timer: TimerWheel.ID
    private var entries: ContiguousArray<Entry> = []
    private var first = 0
    /// Called for a request that has no answer yet.
    package var isDue: ((Exchange) -> Void)?

    init(_ loop: EventLoop) {
        self.loop = loop
        timer = loop.acquireTimer()
        loop.own(timer, by: self)
    }

    deinit { loop.releaseTimer(timer) }

    /// A delay that is shorter than those before does not overtake them.
    func add(_ exchange: Exchange, after delay: Nanoseconds) {
        let due = loop.now + delay
        if first == entries.count {
            entries.removeAll(keepingCapacity: true)
            first = 0
            loop.arm(timer, at: due)
        }
        entries.append(Entry(exchange: exchange, id: exchange.requestID, due: due))
    }
}

extension HedgeQueue: TimerOwner {
    package func timerFired() {
        while first < entries.count {
            let entry = entries[first]
            guard entry.due <= loop.now else {
                loop.arm(timer, at: entry.due)
                break
            }
            first += 1
            let exchange = entry.exchange
            if exchange.requestID == entry.id, !exchange.isFinished, exchange.upstreamAnswered == .never { isDue?(exchange) }
        }
        // What has been looked at is let go of, in large pieces.
        if first > 64, first * 2 > entries.count {
            entries.removeFirst(first)
            first = 0
        }
    }
}
