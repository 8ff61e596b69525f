internal import Primitives
internal import Reactor
private import Synchronization

/// Counters that end at a moment (quotas), which gateways share as they share limits of rate.
final class SyncCounters: Sendable {
    fileprivate struct Counter {
        /// Of all gateways, as far as is known.
        var total: Int = 0
        var ends: UInt64
        var spent: UInt64 = 0
        var returned: UInt64 = 0
        var known: UInt64 = 0
        var weight: UInt64 = 0
        var generation: UInt64 = 0
        var lastSpent: UInt64 = 0
        var isActive = false
        /// Nil while only others have named it, by its hash.
        var name: [UInt8]?
    }

    fileprivate struct State {
        var counters: [LimitKey: Counter] = [:]
        var asked: [LimitKey] = []
        /// When counters that are over are looked for next: nanoseconds since 1970.
        var sweepAt: UInt64 = 0
    }

    private let state = Mutex(State())
    private let cell: SyncGroupCell

    init(_ cell: SyncGroupCell) { self.cell = cell }

    private func key(_ name: [UInt8]) -> LimitKey {
        let secret = cell.secret
        return name.withView { LimitKey($0, LimitKey.Secret(secret.first ^ 0x636f_756e_7465_7273, secret.second)) }
    }

    func spend(_ demands: [CounterDemand], isForced: Bool, now: UInt64, wall: UInt64) -> CounterOutcome {
        let keys = demands.map { key($0.key) }, group = cell.group
        return state.withLock { state in
            state.sweep(wall)
            for (key, demand) in zip(keys, demands) { state.open(key, demand, wall, cell.nextGeneration()) }
            let counters = keys.map { state.counters[$0] ?? Counter(ends: 0) }
            let verdicts = zip(demands, counters).map { $1.verdict($0, group) }
            let isAllowed = isForced || verdicts.allSatisfy(\.fits)
            for (index, key) in keys.enumerated() {
                if isAllowed { state.counters[key]?.add(demands[index].amount, now) }
                guard verdicts[index].isScarce, !group.isAlone, state.counters[key]?.isActive == false else { continue }
                state.counters[key]?.isActive = true
                state.counters[key]?.lastSpent = now
                state.asked.append(key)
            }
            return CounterOutcome(
                allowed: isAllowed, totals: keys.map { max(0, state.counters[$0]?.total ?? 0) },
                ends: keys.map { state.counters[$0]?.ends ?? 0 })
        }
    }

    func reports(prefix: [UInt8], most: Int, wall: UInt64) -> [CounterReport] {
        state.withLock { state in
            state.counters.values.lazy.filter { $0.ends > wall && $0.name?.starts(with: prefix) == true }.prefix(most)
                .map { CounterReport(key: $0.name ?? [], total: max(0, $0.total), ends: $0.ends) }
        }
    }

    func total(_ key: LimitKey) -> Int? { state.withLock { $0.counters[key]?.total } }

    func reset(_ name: [UInt8]) {
        let key = key(name)
        state.withLock { $0.counters[key] = nil }
    }
}

extension SyncCounters.State {
    /// The counter of a demand, begun if there is none or the last one is over.
    fileprivate mutating func open(_ key: LimitKey, _ demand: CounterDemand, _ wall: UInt64, _ generation: @autoclosure () -> UInt64) {
        if let known = counters[key], known.ends > wall {
            counters[key]?.name = demand.key
            guard known.generation == 0 else { return }
        } else {
            counters[key] = SyncCounters.Counter(ends: demand.ends, name: demand.key)
        }
        counters[key]?.generation = generation()
    }

    fileprivate mutating func sweep(_ wall: UInt64) {
        guard wall >= sweepAt else { return }
        sweepAt = wall &+ .seconds(10)
        counters = counters.filter { $0.value.ends > wall }
    }
}

extension SyncCounters.Counter {
    fileprivate func verdict(_ demand: CounterDemand, _ group: SyncGroup) -> (fits: Bool, isScarce: Bool) {
        guard demand.amount > 0 else { return (true, false) }
        let cost = UInt64(demand.amount), limit = max(0, demand.limit)
        let left = UInt64(max(0, limit.subtractingReportingOverflow(total).partialValue))
        guard !group.isAlone else { return (cost <= left, false) }
        let share = SyncShare(
            left: left, unknown: spent &- min(spent, known), weight: weight == 0 ? group.quietWeight : weight,
            reserve: group.reserve(of: UInt64(limit)))
        return (cost <= share.allowance(cost), share.isScarce(cost))
    }

    fileprivate mutating func add(_ amount: Int, _ now: UInt64) {
        let (sum, overflows) = total.addingReportingOverflow(amount)
        total = overflows ? (amount < 0 ? .min : .max) : sum
        if amount > 0 {
            spent = spent &+ UInt64(amount)
            lastSpent = max(lastSpent, now)
        } else {
            returned = returned &+ UInt64(amount.magnitude)
        }
    }
}

extension SyncCounters: SyncBook {
    func state(_ key: LimitKey, _ time: SyncTime) -> SyncState? {
        state.withLock { state in
            guard let counter = state.counters[key], counter.ends > time.wall else { return nil }
            let recent = counter.spent &- min(counter.spent, counter.returned)
            return SyncState(
                generation: counter.generation, spent: counter.spent, returned: counter.returned, lastSpent: counter.lastSpent,
                isActive: counter.isActive, recent: [recent], ends: counter.ends)
        }
    }

    func settle(_ key: LimitKey, known: UInt64, weight: UInt64, isActive: Bool) {
        state.withLock { state in
            guard let counter = state.counters[key] else { return }
            state.counters[key]?.known = min(known, counter.spent)
            state.counters[key]?.weight = weight
            state.counters[key]?.isActive = isActive
        }
    }

    func charge(_ key: LimitKey, _ units: SyncUnits, ends: UInt64, _ time: SyncTime) {
        let amount: Int
        switch units {
        case .all(let units): amount = units
        case .each(let each): amount = Int(clamping: each.first ?? 0)
        }
        guard ends > time.wall else { return }
        state.withLock { state in
            // What belongs to a period that is over here is not counted in the next.
            if let known = state.counters[key], known.ends > time.wall {
                guard known.ends == ends || known.generation == 0 else { return }
                state.counters[key]?.ends = ends
            } else {
                state.counters[key] = Counter(ends: ends)
            }
            let total = state.counters[key]?.total ?? 0
            let (sum, overflows) = total.addingReportingOverflow(amount)
            state.counters[key]?.total = overflows ? (amount < 0 ? .min : .max) : sum
        }
    }

    func takeAsked() -> [LimitKey] {
        state.withLock { state in
            defer { state.asked = [] }
            return state.asked
        }
    }
}
