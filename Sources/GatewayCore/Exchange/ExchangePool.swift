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

    /// Takes back an exchange that is over. One that a task still refers to comes back when the task lets go of it.
    package func giveBack(_ exchange: Exchange) {
        guard exchange.pins == 0 else { return exchange.isGivenBack = true }
        inUse -= 1
        exchange.reset()
        if free.count < ExchangePool.most { free.append(exchange) }
    }

    /// A task begins to refer to the exchange.
    package func pin(_ exchange: Exchange) { exchange.pins += 1 }

    /// The task is done with it. False: the exchange has ended meanwhile, and nothing may be done with it any more.
    package func unpin(_ exchange: Exchange) -> Bool {
        exchange.pins -= 1
        guard exchange.isGivenBack else { return true }
        if exchange.pins == 0 {
            exchange.isGivenBack = false
            giveBack(exchange)
        }
        return false
    }
}
