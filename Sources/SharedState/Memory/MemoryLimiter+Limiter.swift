package import Primitives
package import Reactor

extension MemoryLimiter: Limiter {
    package func takeNow(_ key: ByteView, cost: Int, now: Instant, wall: UInt64) -> RateDecision? {
        take(key: key, cost: cost, now: now, wall: wall)
    }

    package func take(_ key: [UInt8], cost: Int, on loop: EventLoop) async -> Result<RateDecision, StoreError> {
        .success(key.withView { take(key: $0, cost: cost, now: loop.now, wall: loop.wallClock) })
    }

    package func settle(_ key: ByteView, cost: Int, on loop: EventLoop) {
        settle(key: key, cost: cost, now: loop.now, wall: loop.wallClock)
    }

    package func peek(_ key: [UInt8], cost: Int, on loop: EventLoop) async -> Result<RateDecision, StoreError> {
        .success(key.withView { peek(key: $0, cost: cost, now: loop.now, wall: loop.wallClock) })
    }

    package func report(_ key: [UInt8], on loop: EventLoop) async -> Result<[WindowReport], StoreError> {
        .success(key.withView { report(key: $0, now: loop.now, wall: loop.wallClock) })
    }

    package func reset(_ key: [UInt8], on loop: EventLoop) async -> Result<Void, StoreError> {
        key.withView { reset(key: $0) }
        return .success(())
    }

    package var figures: LimiterFigures? { LimiterFigures(keys: count, evictions: evictions, memory: memory) }
}
