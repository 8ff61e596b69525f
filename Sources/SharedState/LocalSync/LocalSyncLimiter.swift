internal import Primitives
internal import Reactor
private import Synchronization

/// Limits of rate that gateways share, each deciding by itself: exact within one process, and among several as
/// `docs/guides/gateways-together.md` says.
@safe
final class LocalSyncLimiter: @unchecked Sendable {
    let specification: LimiterSpecification
    let rules: SyncRules
    private let table: LimitTable
    /// Tells keys of these limits from those of others.
    private let name: LimitKey
    private let cell: SyncGroupCell
    private let asked = Mutex<[LimitKey]>([])
    /// What is known of a key that nobody has seen: zeros that nobody writes.
    private let fresh: UnsafeMutablePointer<UInt64>

    /// Keys that wait to be asked for, at most; others ask again with their next request.
    private static let mostAsked = 4096

    init(_ specification: LimiterSpecification, _ name: LimitKey, _ cell: SyncGroupCell) {
        self.specification = specification
        rules = SyncRules(specification.windows, specification.algorithm)
        table = LimitTable(capacity: specification.capacity, stateWords: rules.words)
        self.name = name
        self.cell = cell
        unsafe fresh = .allocate(capacity: rules.words)
        unsafe fresh.initialize(repeating: 0, count: rules.words)
    }

    deinit { unsafe fresh.deallocate() }

    private func key(_ bytes: ByteView) -> LimitKey {
        let secret = cell.secret
        return LimitKey(bytes, LimitKey.Secret(secret.first ^ name.low, secret.second ^ name.high))
    }

    func decide(_ bytes: ByteView, cost: Int, now: Instant, wall: UInt64, takes: Bool) -> RateDecision {
        let key = key(bytes)
        let cost = UInt64(max(0, cost)), time = SyncTime(now: now.nanoseconds, wall: wall), group = cell.group
        var asks = false
        let decision = table.withShard(key) { shard in
            let found = shard.find(key)
            let entry = unsafe SyncEntry(found.map(\.state) ?? StateWords(fresh, count: rules.words))
            let account = entry.account(group, pause: cell.pause)
            let outcome = rules.check(entry, cost: cost, account, time)
            guard takes, cost > 0, !rules.windows.isEmpty else { return outcome.limits.decision }
            // A refusal is a reason to ask as well.
            let spends = outcome.limits.decision.allowed || specification.countsRefused
            guard spends || (outcome.isScarce && !group.isAlone) else { return outcome.limits.decision }
            let slot = found ?? shard.insert(key, now: time.now)
            let own = SyncEntry(slot.state)
            if own.generation == 0 { own.generation = cell.nextGeneration() }
            if spends { rules.record(own, cost: cost, account, time, fills: !outcome.limits.decision.allowed) }
            slot.note(drained: max(outcome.limits.drained, cell.pause), usage: outcome.limits.usage, now: time.now)
            if outcome.isScarce, !group.isAlone, !own.isActive {
                own.isActive = true
                asks = true
            }
            if asks { own.lastSpent = max(own.lastSpent, time.now) }
            return outcome.limits.decision
        }
        if asks { ask(key) }
        return decision
    }

    /// Spends what has come out afterwards; a negative cost gives back.
    func settle(_ bytes: ByteView, cost: Int, now: Instant, wall: UInt64) {
        let key = key(bytes), time = SyncTime(now: now.nanoseconds, wall: wall), group = cell.group
        table.withShard(key) { shard in
            guard let slot = shard.find(key) ?? (cost > 0 ? shard.insert(key, now: time.now) : nil) else { return }
            let entry = SyncEntry(slot.state)
            if entry.generation == 0 { entry.generation = cell.nextGeneration() }
            let account = entry.account(group, pause: cell.pause)
            if cost > 0 {
                rules.record(entry, cost: UInt64(cost), account, time)
            } else {
                rules.charge(entry, max(cost, -Int(Int32.max)), time)
                entry.returned = entry.returned &+ UInt64(min(cost.magnitude, UInt(Int32.max)))
            }
            note(slot, entry, account, time)
        }
    }

    /// What is left of each window, as far as this gateway knows.
    func report(_ bytes: ByteView, now: Instant, wall: UInt64) -> [WindowReport] {
        let key = key(bytes), time = SyncTime(now: now.nanoseconds, wall: wall)
        return table.withShard(key) { shard in
            let found = shard.find(key)
            let entry = unsafe SyncEntry(found.map(\.state) ?? StateWords(fresh, count: rules.words))
            return zip(specification.windows, rules.windows).map { window, rule in
                let verdict = rule.check(entry.windows, cost: 0, time)
                return WindowReport(window: window, remaining: Int(clamping: verdict.remaining), reset: verdict.reset)
            }
        }
    }

    func forget(_ bytes: ByteView) {
        let key = key(bytes)
        table.withShard(key) { $0.remove(key) }
    }

    var count: Int { table.sum { $0.count } }
    var evictions: Int { table.sum { $0.evictions } }
    var memory: Int { table.sum { $0.bytes } }

    private func ask(_ key: LimitKey) {
        let isNoted = asked.withLock { asked in
            guard asked.count < LocalSyncLimiter.mostAsked else { return false }
            asked.append(key)
            return true
        }
        if !isNoted { table.withShard(key) { shard in shard.find(key).map { SyncEntry($0.state).isActive = false } } }
    }

    private func note(_ slot: LimitEntry, _ entry: SyncEntry, _ account: SyncAccount, _ time: SyncTime) {
        let outcome = rules.check(entry, cost: 0, account, time)
        slot.note(drained: max(outcome.limits.drained, cell.pause), usage: outcome.limits.usage, now: time.now)
    }
}

extension LocalSyncLimiter: SyncBook {
    func state(_ key: LimitKey, _ time: SyncTime) -> SyncState? {
        table.withShard(key) { shard in
            guard let slot = shard.find(key), !slot.isOver(time.now) else { return nil }
            let entry = SyncEntry(slot.state)
            return SyncState(
                generation: entry.generation, spent: entry.spent, returned: entry.returned, lastSpent: entry.lastSpent, isActive: entry.isActive,
                recent: rules.windows.map { $0.recent(entry.windows, entry.spent, time) })
        }
    }

    func settle(_ key: LimitKey, known: UInt64, weight: UInt64, isActive: Bool) {
        table.withShard(key) { shard in
            guard let slot = shard.find(key) else { return }
            let entry = SyncEntry(slot.state)
            entry.known = min(known, entry.spent)
            entry.weight = weight
            entry.isActive = isActive
        }
    }

    func charge(_ key: LimitKey, _ units: SyncUnits, ends: UInt64, _ time: SyncTime) {
        let group = cell.group
        table.withShard(key) { shard in
            let slot = shard.find(key) ?? shard.insert(key, now: time.now)
            let entry = SyncEntry(slot.state)
            switch units {
            case .all(let units): rules.charge(entry, units, time)
            case .each(let each): for (window, units) in zip(rules.windows, each) { window.charge(entry.windows, Int(clamping: units), time) }
            }
            note(slot, entry, entry.account(group, pause: cell.pause), time)
        }
    }

    func takeAsked() -> [LimitKey] {
        asked.withLock { asked in
            defer { asked = [] }
            return asked
        }
    }
}
