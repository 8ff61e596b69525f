internal import Primitives
internal import Reactor

extension LocalSyncLimiter: Limiter {
    func takeNow(_ key: ByteView, cost: Int, now: Instant, wall: UInt64) -> RateDecision? {
        decide(key, cost: cost, now: now, wall: wall, takes: true)
    }

    func take(_ key: [UInt8], cost: Int, on loop: EventLoop) async -> Result<RateDecision, StoreError> {
        .success(key.withView { decide($0, cost: cost, now: loop.now, wall: loop.wallClock, takes: true) })
    }

    func settle(_ key: ByteView, cost: Int, on loop: EventLoop) { settle(key, cost: cost, now: loop.now, wall: loop.wallClock) }

    func peek(_ key: [UInt8], cost: Int, on loop: EventLoop) async -> Result<RateDecision, StoreError> {
        .success(key.withView { decide($0, cost: cost, now: loop.now, wall: loop.wallClock, takes: false) })
    }

    func report(_ key: [UInt8], on loop: EventLoop) async -> Result<[WindowReport], StoreError> {
        .success(key.withView { report($0, now: loop.now, wall: loop.wallClock) })
    }

    func reset(_ key: [UInt8], on loop: EventLoop) async -> Result<Void, StoreError> {
        key.withView { forget($0) }
        return .success(())
    }

    var figures: LimiterFigures? { LimiterFigures(keys: count, evictions: evictions, memory: memory) }
}
