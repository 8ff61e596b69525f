package import Reactor

/// The exchanges of one loop that nobody uses at the moment.
package final class ExchangePool {
    private let loop: EventLoop
    private var free: ContiguousArray<Exchange> = []
    /// Exchanges in flight on this loop.
    package private(set) var inUse = 0
    private static let most = 1024

    package init(loop: EventLoop) { self.loop = loop }

    package func take() -> Exchange {
        inUse += 1
        return free.popLast() ?? Exchange(loop: loop)
    }

    package func giveBack(_ exchange: Exchange) {
        inUse -= 1
        exchange.reset()
        if free.count < ExchangePool.most { free.append(exchange) }
    }
}
