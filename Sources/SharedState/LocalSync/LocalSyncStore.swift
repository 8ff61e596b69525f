internal import GatewayCore
internal import Primitives
package import Reactor
private import Synchronization

/// The store that decides in the memory of each gateway, and reconciles in the background: limits of rate and counters are shared within
/// the bounds that `docs/guides/gateways-together.md` states. Leases and values are those of this gateway alone, which takes an even
/// share of what may be held at once.
package final class LocalSyncStore: SharedStore {
    private let local = MemoryStore()
    private let cell = SyncGroupCell()
    let counters: SyncCounters
    /// Those that somebody uses.
    private let limiters = Mutex<[UInt64: WeakLimiter]>([:])

    private struct WeakLimiter {
        weak var limiter: LocalSyncLimiter?
    }

    /// On the wire, what belongs to no limiter.
    static let counterBook: UInt64 = 1

    package init() { counters = SyncCounters(cell) }

    // MARK: The group

    /// - Parameter secret: 16 bytes, the same on all gateways that count together: what keys are hashed with. With another one, everything
    ///   is counted anew.
    func update(secret: [UInt8]) {
        var reader = WireReader(secret)
        guard let first = reader.number(UInt64.self), let second = reader.number(UInt64.self) else { return }
        cell.secret = LimitKey.Secret(first, second)
    }

    /// How often gateways tell each other.
    func update(interval: Nanoseconds) { cell.pause = 2 * interval }

    func update(group: SyncGroup) { cell.group = group }

    package var kind: StoreKind { .localSync }

    // MARK: Limits of rate

    package func limiter(_ specification: LimiterSpecification) -> any Limiter {
        let hash = specification.name.withView { LimitKey($0, LocalSyncStore.naming) }
        // Never that of the counters.
        let id = hash.high | 1 << 63
        return limiters.withLock { limiters in
            if let known = limiters[id]?.limiter, known.specification == specification { return known }
            let limiter = LocalSyncLimiter(specification, hash, cell)
            limiters[id] = WeakLimiter(limiter: limiter)
            return limiter
        }
    }

    /// Names of limits are no secret.
    private static let naming = LimitKey.Secret(0x736c_7569_6365, 0x6c69_6d69_7473)

    /// Everything that is reconciled, by its name on the wire.
    var books: [UInt64: any SyncBook] {
        var books: [UInt64: any SyncBook] = limiters.withLock { limiters in
            limiters = limiters.filter { $0.value.limiter != nil }
            return limiters.compactMapValues(\.limiter)
        }
        books[LocalSyncStore.counterBook] = counters
        return books
    }

    // MARK: Counters

    package func spendNow(_ demands: [CounterDemand], isForced: Bool, wall: UInt64) -> CounterOutcome? {
        counters.spend(demands, isForced: isForced, now: Instant.now.nanoseconds, wall: wall)
    }

    package func spend(_ demands: [CounterDemand], isForced: Bool, on loop: EventLoop) async -> Result<CounterOutcome, StoreError> {
        .success(counters.spend(demands, isForced: isForced, now: loop.now.nanoseconds, wall: loop.wallClock))
    }

    package func counters(prefix: [UInt8], most: Int, on loop: EventLoop) async -> Result<[CounterReport], StoreError> {
        .success(counters.reports(prefix: prefix, most: most, wall: loop.wallClock))
    }

    package func resetCounter(_ key: [UInt8], on loop: EventLoop) async -> Result<Void, StoreError> {
        counters.reset(key)
        return .success(())
    }

    // MARK: Leases

    /// The share of this gateway: together all of them hold fewer than one each above the limit.
    private func share(_ request: LeaseRequest) -> LeaseRequest {
        let group = cell.group, all = max(1, group.present + group.missing)
        var request = request
        request.limit = request.limit <= 0 ? 0 : (request.limit - 1) / all + 1
        return request
    }

    package func enterNow(_ request: LeaseRequest, now: Instant) -> LeaseOutcome? { local.enterNow(share(request), now: now) }

    package func enter(_ request: LeaseRequest, on loop: EventLoop) async -> Result<LeaseOutcome, StoreError> {
        await local.enter(share(request), on: loop)
    }

    package func leave(_ key: [UInt8], _ holder: LeaseHolder, on loop: EventLoop) { local.leave(key, holder, on: loop) }

    package func renew(_ key: [UInt8], _ holders: [LeaseHolder], lifetime: Nanoseconds, on loop: EventLoop) {
        local.renew(key, holders, lifetime: lifetime, on: loop)
    }

    // MARK: Values

    package func value(of key: [UInt8], on loop: EventLoop) async -> Result<[UInt8]?, StoreError> { await local.value(of: key, on: loop) }

    package func set(
        _ key: [UInt8], to value: [UInt8], lifetime: Nanoseconds, _ condition: SetCondition, on loop: EventLoop
    ) async -> Result<Bool, StoreError> { await local.set(key, to: value, lifetime: lifetime, condition, on: loop) }

    package func remove(_ key: [UInt8], ifEqual expected: [UInt8]?, on loop: EventLoop) async -> Result<Bool, StoreError> {
        await local.remove(key, ifEqual: expected, on: loop)
    }

    package func extend(
        _ key: [UInt8], ifEqual expected: [UInt8], lifetime: Nanoseconds, on loop: EventLoop
    ) async -> Result<Bool, StoreError> { await local.extend(key, ifEqual: expected, lifetime: lifetime, on: loop) }
}
