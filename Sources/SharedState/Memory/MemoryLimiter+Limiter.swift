package import Primitives
package import Reactor

extension MemoryLimiter: Limiter {
    package func takeNow(_ key: ByteView, cost: Int, now: Instant, wall: UInt64) -> RateDecision? {
        take(key: key, cost: cost, now: now, wall: wall)
    }

    package func take(_ key: ByteView, cost: Int, on loop: EventLoop) async -> Result<RateDecision, StoreError> {
        .success(take(key: key, cost: cost, now: loop.now, wall: loop.wallClock))
    }

    package func settle(_ key: ByteView, cost: Int, on loop: EventLoop) {
        _ = take(key: key, cost: cost, now: loop.now, wall: loop.wallClock)
    }

    package func peek(_ key: ByteView, cost: Int, on loop: EventLoop) async -> Result<RateDecision, StoreError> {
        .success(peek(key: key, cost: cost, now: loop.now, wall: loop.wallClock))
    }

    package func reset(_ key: ByteView, on loop: EventLoop) async -> Result<Void, StoreError> {
        reset(key: key)
        return .success(())
    }
}
