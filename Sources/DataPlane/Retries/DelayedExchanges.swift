import GatewayCore
import Primitives
import Reactor

/// Exchanges that wait before they go on. Of one event loop.
final class DelayedExchanges {
    private struct Entry {
        let exchange: Exchange
        let due: Instant
        let goOn: (Exchange) -> Void
    }

    private let loop: EventLoop
    private let timer: TimerWheel.ID
    private var entries: ContiguousArray<Entry> = []

    init(_ loop: EventLoop) {
        self.loop = loop
        timer = loop.acquireTimer()
        loop.own(timer, by: self)
    }

    deinit { loop.releaseTimer(timer) }

    /// Calls `goOn` after a while, unless the client leaves before.
    func add(_ exchange: Exchange, for length: Nanoseconds, then goOn: @escaping (Exchange) -> Void) {
        let due = loop.now + length
        entries.append(Entry(exchange: exchange, due: due, goOn: goOn))
        exchange.upstream = Ticket(self, exchange)
        if due < loop.deadline(of: timer) { loop.arm(timer, at: due) }
    }

    fileprivate func remove(_ exchange: Exchange) { entries.removeAll { $0.exchange === exchange } }
}

extension DelayedExchanges: TimerOwner {
    func timerFired() {
        // Whoever goes on may come back.
        while let index = entries.firstIndex(where: { $0.due <= loop.now }) {
            let entry = entries.remove(at: index)
            entry.exchange.upstream = nil
            entry.goOn(entry.exchange)
        }
        loop.arm(timer, at: entries.reduce(.never) { min($0, $1.due) })
    }
}

/// Stands in for the upstream connection of an exchange that waits.
private final class Ticket: GatewayCore.Upstream {
    private weak var delayed: DelayedExchanges?
    private unowned let exchange: Exchange

    init(_ delayed: DelayedExchanges, _ exchange: Exchange) {
        self.delayed = delayed
        self.exchange = exchange
    }

    func requestBody(_ bytes: ByteView) -> Bool { false }
    func requestEnd(trailers: HeaderFields?) {}
    func requestFlush() {}
    func downstreamWritable() {}
    func cancel(_ error: GatewayError) { delayed?.remove(exchange) }
}
