import Primitives
import Reactor
import SharedState
import Synchronization

/// A store that has to be asked, as one on a server has to be, and that can be broken: it counts in memory.
final class FarStore: SharedStore {
    let isBroken = Atomic(false)
    private let memory = MemoryStore()

    var kind: StoreKind { .redis }
    var stores: SharedStores { SharedStores(others: [self]) }

    fileprivate func answer<Value>(_ value: Result<Value, StoreError>, on loop: EventLoop) async -> Result<Value, StoreError> {
        await loop.sleep(for: .milliseconds(1))
        return isBroken.load(ordering: .relaxed) ? .failure(StoreError(.unavailable, "it is broken")) : value
    }

    func limiter(_ specification: LimiterSpecification) -> any Limiter { FarLimiter(memory.limiter(specification), self) }

    func spendNow(_ demands: [CounterDemand], isForced: Bool, wall: UInt64) -> CounterOutcome? { nil }

    func spend(_ demands: [CounterDemand], isForced: Bool, on loop: EventLoop) async -> Result<CounterOutcome, StoreError> {
        if isBroken.load(ordering: .relaxed) { return await answer(.success(CounterOutcome(allowed: false, totals: [])), on: loop) }
        return await answer(memory.spend(demands, isForced: isForced, on: loop), on: loop)
    }

    func counters(prefix: [UInt8], most: Int, on loop: EventLoop) async -> Result<[CounterReport], StoreError> {
        await memory.counters(prefix: prefix, most: most, on: loop)
    }

    func resetCounter(_ key: [UInt8], on loop: EventLoop) async -> Result<Void, StoreError> { await memory.resetCounter(key, on: loop) }
    func enterNow(_ request: LeaseRequest, now: Instant) -> LeaseOutcome? { nil }
    func enter(_ request: LeaseRequest, on loop: EventLoop) async -> Result<LeaseOutcome, StoreError> { await memory.enter(request, on: loop) }
    func leave(_ key: [UInt8], _ holder: LeaseHolder, on loop: EventLoop) {}
    func renew(_ key: [UInt8], _ holders: [LeaseHolder], lifetime: Nanoseconds, on loop: EventLoop) {}
    func value(of key: [UInt8], on loop: EventLoop) async -> Result<[UInt8]?, StoreError> { .success(nil) }

    func set(
        _ key: [UInt8], to value: [UInt8], lifetime: Nanoseconds, _ condition: SetCondition, on loop: EventLoop
    ) async -> Result<Bool, StoreError> { .success(false) }

    func remove(_ key: [UInt8], ifEqual expected: [UInt8]?, on loop: EventLoop) async -> Result<Bool, StoreError> { .success(false) }

    func extend(
        _ key: [UInt8], ifEqual expected: [UInt8], lifetime: Nanoseconds, on loop: EventLoop
    ) async -> Result<Bool, StoreError> { .success(false) }
}

private final class FarLimiter: Limiter {
    private let memory: any Limiter
    private let store: FarStore

    init(_ memory: any Limiter, _ store: FarStore) {
        self.memory = memory
        self.store = store
    }

    var specification: LimiterSpecification { memory.specification }
    var figures: LimiterFigures? { nil }
    func takeNow(_ key: ByteView, cost: Int, now: Instant, wall: UInt64) -> RateDecision? { nil }

    func take(_ key: [UInt8], cost: Int, on loop: EventLoop) async -> Result<RateDecision, StoreError> {
        await store.answer(memory.take(key, cost: cost, on: loop), on: loop)
    }

    func settle(_ key: ByteView, cost: Int, on loop: EventLoop) { memory.settle(key, cost: cost, on: loop) }
    func peek(_ key: [UInt8], cost: Int, on loop: EventLoop) async -> Result<RateDecision, StoreError> {
        await memory.peek(key, cost: cost, on: loop)
    }
    func report(_ key: [UInt8], on loop: EventLoop) async -> Result<[WindowReport], StoreError> { await memory.report(key, on: loop) }
    func reset(_ key: [UInt8], on loop: EventLoop) async -> Result<Void, StoreError> { await memory.reset(key, on: loop) }
}
