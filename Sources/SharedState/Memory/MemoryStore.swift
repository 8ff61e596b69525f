import Primitives
package import Reactor
import Synchronization

/// The store of one process.
package final class MemoryStore: SharedStore {
    fileprivate struct State {
        var counters: [[UInt8]: Counter] = [:]
        var leases: [[UInt8]: [LeaseHolder: Instant]] = [:]
        var values: [[UInt8]: Value] = [:]
    }

    fileprivate struct Counter {
        var total: Int
        var ends: UInt64
    }

    fileprivate struct Value {
        var bytes: [UInt8]
        var ends: Instant
    }

    private let state = Mutex(State())

    package init() {}

    package var kind: StoreKind { .memory }

    package func limiter(_ specification: LimiterSpecification) -> any Limiter {
        MemoryLimiter(windows: specification.windows, algorithm: specification.algorithm, capacity: specification.capacity)
    }

    // MARK: Counters

    package func spendNow(_ demands: [CounterDemand], isForced: Bool, wall: UInt64) -> CounterOutcome? {
        state.withLock { state in
            var totals = demands.map { demand in
                state.counters[demand.key].map { $0.ends > wall ? $0.total : 0 } ?? 0
            }
            let fits = zip(demands, totals).allSatisfy { demand, total in
                let (sum, overflows) = total.addingReportingOverflow(demand.amount)
                return !overflows && sum <= demand.limit
            }
            guard fits || isForced else { return CounterOutcome(allowed: false, totals: totals) }
            for (i, demand) in demands.enumerated() {
                let (sum, overflows) = totals[i].addingReportingOverflow(demand.amount)
                totals[i] = overflows ? .max : max(0, sum)
                state.counters[demand.key] = Counter(total: totals[i], ends: demand.ends)
            }
            return CounterOutcome(allowed: true, totals: totals)
        }
    }

    package func spend(_ demands: [CounterDemand], isForced: Bool, on loop: EventLoop) async -> Result<CounterOutcome, StoreError> {
        .success(spendNow(demands, isForced: isForced, wall: loop.wallClock) ?? CounterOutcome(allowed: false, totals: []))
    }

    package func counters(prefix: [UInt8], most: Int, on loop: EventLoop) async -> Result<[CounterReport], StoreError> {
        let wall = loop.wallClock
        return .success(
            state.withLock { state in
                state.counters.lazy.filter { $0.key.starts(with: prefix) && $0.value.ends > wall }.prefix(most)
                    .map { CounterReport(key: $0.key, total: $0.value.total, ends: $0.value.ends) }
            })
    }

    package func resetCounter(_ key: [UInt8], on loop: EventLoop) async -> Result<Void, StoreError> {
        state.withLock { $0.counters[key] = nil }
        return .success(())
    }

    // MARK: Leases

    package func enterNow(_ request: LeaseRequest, now: Instant) -> LeaseOutcome? {
        state.withLock { state in
            var holders = state.leases[request.key, default: [:]].filter { $0.value > now }
            let isHeld = holders[request.holder] != nil || holders.count < request.limit
            if isHeld { holders[request.holder] = now + request.lifetime }
            state.leases[request.key] = holders.isEmpty ? nil : holders
            return LeaseOutcome(isHeld: isHeld, held: holders.count)
        }
    }

    package func enter(_ request: LeaseRequest, on loop: EventLoop) async -> Result<LeaseOutcome, StoreError> {
        .success(enterNow(request, now: loop.now) ?? LeaseOutcome(isHeld: false, held: 0))
    }

    package func leave(_ key: [UInt8], _ holder: LeaseHolder, on loop: EventLoop) {
        state.withLock { state in
            state.leases[key]?[holder] = nil
            if state.leases[key]?.isEmpty ?? false { state.leases[key] = nil }
        }
    }

    package func renew(_ key: [UInt8], _ holders: [LeaseHolder], lifetime: Nanoseconds, on loop: EventLoop) {
        let ends = loop.now + lifetime
        state.withLock { state in
            for holder in holders where state.leases[key]?[holder] != nil { state.leases[key]?[holder] = ends }
        }
    }

    // MARK: Values

    package func value(of key: [UInt8], on loop: EventLoop) async -> Result<[UInt8]?, StoreError> {
        .success(state.withLock { $0.live(key, loop.now) })
    }

    package func set(
        _ key: [UInt8], to value: [UInt8], lifetime: Nanoseconds, _ condition: SetCondition, on loop: EventLoop
    ) async -> Result<Bool, StoreError> {
        .success(
            state.withLock { state in
                if condition == .ifAbsent, state.live(key, loop.now) != nil { return false }
                state.values[key] = Value(bytes: value, ends: loop.now + lifetime)
                return true
            })
    }

    package func remove(_ key: [UInt8], ifEqual expected: [UInt8]?, on loop: EventLoop) async -> Result<Bool, StoreError> {
        .success(
            state.withLock { state in
                guard let value = state.live(key, loop.now), expected == nil || expected == value else { return false }
                state.values[key] = nil
                return true
            })
    }

    package func extend(
        _ key: [UInt8], ifEqual expected: [UInt8], lifetime: Nanoseconds, on loop: EventLoop
    ) async -> Result<Bool, StoreError> {
        .success(
            state.withLock { state in
                guard state.live(key, loop.now) == expected else { return false }
                state.values[key]?.ends = loop.now + lifetime
                return true
            })
    }
}

extension MemoryStore.State {
    fileprivate mutating func live(_ key: [UInt8], _ now: Instant) -> [UInt8]? {
        guard let value = values[key] else { return nil }
        if value.ends > now { return value.bytes }
        values[key] = nil
        return nil
    }
}
