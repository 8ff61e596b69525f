import GatewayCore
import Primitives
import Reactor
import SharedState

/// Requests that wait until there is room for them: first come, first served for each key.
struct RateLimitQueue: Sendable {
    private let size: Int
    private let longest: Nanoseconds
    private let lines = LimitQueue()

    init(_ settings: LimitQueueSettings) {
        size = settings.size
        longest = settings.longest.nanoseconds
    }

    /// Somebody waits for this key already, so that whoever comes has to stand behind.
    func hasLine(_ key: ByteView) -> Bool { lines.isWaiting(key) }

    /// Waits until `ask` allows it.
    ///
    /// - Parameters:
    ///   - ask: asks the limiter.
    /// - Returns: what was said last, nil if nobody could say anything, or the client has left.
    func wait(_ exchange: Exchange, _ key: [UInt8], _ ask: () async -> RateDecision?) async -> RateDecision? {
        guard let place = lines.join(key, exchange, size: size, longest: longest) else { return await ask() }
        defer { lines.leave(place) }
        let deadline = exchange.loop.now + longest
        var last: RateDecision?
        var pause: Nanoseconds = 0
        while true {
            switch await place.turn(after: pause) {
            case .cancelled: return nil
            case .late: if last == nil { return await ask() } else { return last }
            case .turn: break
            }
            last = await ask()
            // Who would have to wait for longer than it may is refused at once.
            guard let decision = last, !decision.allowed, exchange.loop.now + decision.retryAfter <= deadline else { return last }
            pause = decision.retryAfter
        }
    }
}
