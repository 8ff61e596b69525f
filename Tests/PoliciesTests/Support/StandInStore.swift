import Primitives
import Reactor
import SharedState
import Synchronization

/// A store that has to be asked, as one on a server has to be: it counts in memory, and does as it is told.
final class StandInStore: SharedStore {
    struct Told {
        var isBroken = false
        var renewed: [LeaseHolder] = []
        var left = 0
    }

    let told = Mutex(Told())
    private let memory = MemoryStore()

    var kind: StoreKind { .redis }
    var stores: SharedStores { SharedStores(others: [self]) }

    fileprivate func failure() -> StoreError? { told.withLock { $0.isBroken ? StoreError(.unavailable, "told to be") : nil } }

    func limiter(_ specification: LimiterSpecification) -> any Limiter { StandInLimiter(memory.limiter(specification), self) }

    func spendNow(_ demands: [CounterDemand], isForced: Bool, wall: UInt64) -> CounterOutcome? { nil }
    func spend(_ demands: [CounterDemand], isForced: Bool, on loop: EventLoop) async -> Result<CounterOutcome, StoreError> {
        await loop.sleep(for: .milliseconds(1))
        if let error = failure() { return .failure(error) }
        return await memory.spend(demands, isForced: isForced, on: loop)
    }
    func counters(prefix: [UInt8], most: Int, on loop: EventLoop) async -> Result<[CounterReport], StoreError> {
        await memory.counters(prefix: prefix, most: most, on: loop)
    }
    func resetCounter(_ key: [UInt8], on loop: EventLoop) async -> Result<Void, StoreError> { .success(()) }

    func enterNow(_ request: LeaseRequest, now: Instant) -> LeaseOutcome? { nil }

    func enter(_ request: LeaseRequest, on loop: EventLoop) async -> Result<LeaseOutcome, StoreError> {
        await loop.sleep(for: .milliseconds(1))
        if let error = failure() { return .failure(error) }
        return await memory.enter(request, on: loop)
    }

    func leave(_ key: [UInt8], _ holder: LeaseHolder, on loop: EventLoop) {
        told.withLock { $0.left += 1 }
        memory.leave(key, holder, on: loop)
    }

    func renew(_ key: [UInt8], _ holders: [LeaseHolder], lifetime: Nanoseconds, on loop: EventLoop) {
        told.withLock { $0.renewed += holders }
        memory.renew(key, holders, lifetime: lifetime, on: loop)
    }

    func value(of key: [UInt8], on loop: EventLoop) async -> Result<[UInt8]?, StoreError> { .success(nil) }
    func set(
        _ key: [UInt8], to value: [UInt8], lifetime: Nanoseconds, _ condition: SetCondition, on loop: EventLoop
    ) async -> Result<Bool, StoreError> { .success(false) }
    func remove(_ key: [UInt8], ifEqual expected: [UInt8]?, on loop: EventLoop) async -> Result<Bool, StoreError> { .success(false) }
    func extend(
        _ key: [UInt8], ifEqual expected: [UInt8], lifetime: Nanoseconds, on loop: EventLoop
    ) async -> Result<Bool, StoreError> { .success(false) }
}

private final class StandInLimiter: Limiter {
    private let memory: any Limiter
    private let store: StandInStore

    init(_ memory: any Limiter, _ store: StandInStore) {
        self.memory = memory
        self.store = store
    }

    var specification: LimiterSpecification { memory.specification }
    var figures: LimiterFigures? { nil }

    func takeNow(_ key: ByteView, cost: Int, now: Instant, wall: UInt64) -> RateDecision? { nil }

    func take(_ key: [UInt8], cost: Int, on loop: EventLoop) async -> Result<RateDecision, StoreError> {
        await loop.sleep(for: .milliseconds(1))
        if let error = store.failure() { return .failure(error) }
        return await memory.take(key, cost: cost, on: loop)
    }

    func settle(_ key: ByteView, cost: Int, on loop: EventLoop) { memory.settle(key, cost: cost, on: loop) }
    func peek(_ key: [UInt8], cost: Int, on loop: EventLoop) async -> Result<RateDecision, StoreError> {
        await memory.peek(key, cost: cost, on: loop)
    }
    func report(_ key: [UInt8], on loop: EventLoop) async -> Result<[WindowReport], StoreError> { await memory.report(key, on: loop) }
    func reset(_ key: [UInt8], on loop: EventLoop) async -> Result<Void, StoreError> { await memory.reset(key, on: loop) }
}
