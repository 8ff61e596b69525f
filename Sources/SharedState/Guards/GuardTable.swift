package import Primitives
package import Reactor
import Synchronization

/// What is known of addresses, and of the prefixes that they are in, in the memory of this process: exact across event loops, any thread
/// may call. Lanes ask it when somebody connects, and once for many requests.
///
/// At most `capacity` addresses and as many prefixes are remembered, in up to 160 bytes each. Those that count least are forgotten
/// first: idle ones before those with connections, and those before the banned ones.
package final class GuardTable: @unchecked Sendable {
    package static let defaultCapacity = 100_000

    let addresses: LimitTable
    let prefixes: LimitTable
    private let secret: LimitKey.Secret
    private let bannings = Atomic<UInt64>(0)
    /// Told of every ban that begins, by the thread that has found it out, with nothing locked.
    private let banned: @Sendable (GuardBan) -> Void

    package convenience init(capacity: Int = defaultCapacity, banned: @escaping @Sendable (GuardBan) -> Void = { _ in }) {
        self.init(capacity: capacity, secret: .ofProcess, banned: banned)
    }

    init(capacity: Int, secret: LimitKey.Secret, banned: @escaping @Sendable (GuardBan) -> Void = { _ in }) {
        addresses = LimitTable(capacity: capacity, stateWords: GuardState.words)
        prefixes = LimitTable(capacity: capacity, stateWords: GuardState.words)
        self.secret = secret
        self.banned = banned
    }

    /// Bans that have begun: whoever remembers an older number looks for connections to close.
    package var bans: UInt64 { bannings.load(ordering: .acquiring) }

    func key(_ address: IPAddress) -> LimitKey { LimitKey(address, secret) }

    // MARK: Connections

    /// Counts a connection of the address and of its prefix, or says why there is to be none.
    package func enter(_ address: IPAddress, isHandshake: Bool, _ rules: GuardRules, now: Instant) -> GuardVerdict {
        // One that is not known yet is not noted before its prefix lets it in: a prefix has any number of addresses.
        let known = visit(addresses, address, rules.address, rules, now, makes: false) { enter($0, isHandshake, now) }
        if let known, known != .admitted { return refused(known, address, rules, now, byPrefix: false) }
        let prefix = rules.prefixes(address)
        let verdict = visit(prefixes, prefix, rules.prefix, rules, now) { enter($0, isHandshake, now) } ?? .admitted
        guard verdict == .admitted else {
            if known != nil { visit(addresses, address, rules.address, rules, now, makes: false) { $0.unenter(isHandshake: isHandshake) } }
            return refused(verdict, address, rules, now, byPrefix: true)
        }
        guard known == nil else { return .admitted }
        let first = visit(addresses, address, rules.address, rules, now) { enter($0, isHandshake, now) } ?? .admitted
        guard first != .admitted else { return .admitted }
        visit(prefixes, prefix, rules.prefix, rules, now, makes: false) { $0.unenter(isHandshake: isHandshake) }
        return refused(first, address, rules, now, byPrefix: false)
    }

    private func enter(_ state: GuardState, _ isHandshake: Bool, _ now: Instant) -> GuardVerdict {
        let left = state.banned(now.nanoseconds)
        if left > 0 { return .banned(left) }
        return state.enter(isHandshake: isHandshake, now: now.nanoseconds).map { .refused($0, 0) } ?? .admitted
    }

    /// A connection that `enter` has counted is closed.
    package func leave(_ address: IPAddress, _ rules: GuardRules, now: Instant) {
        visit(addresses, address, rules.address, rules, now, makes: false) { $0.leave() }
        visit(prefixes, rules.prefixes(address), rules.prefix, rules, now, makes: false) { $0.leave() }
    }

    // MARK: Requests

    /// Takes up to `wanted` requests at once; with none there is a verdict, and an offence.
    package func take(_ wanted: Int, of address: IPAddress, _ rules: GuardRules, now: Instant) -> GuardGrant {
        let prefix = rules.prefixes(address), time = now.nanoseconds
        var grant = GuardGrant(count: 0, verdict: .admitted)
        visit(prefixes, prefix, rules.prefix, rules, now) { grant = GuardTable.take(wanted, $0, time) }
        if grant.count > 0 {
            let most = grant.count
            visit(addresses, address, rules.address, rules, now) { grant = GuardTable.take(most, $0, time) }
            let rest = most - grant.count
            if rest > 0 { visit(prefixes, prefix, rules.prefix, rules, now, makes: false) { $0.giveBack(rest) } }
        } else {
            grant.isByPrefix = true
        }
        if grant.count == 0 { refusedAgain(1, as: grant, address, rules, now: now) }
        return grant
    }

    /// So many more requests were refused for the same reason.
    package func refusedAgain(_ count: Int, as grant: GuardGrant, _ address: IPAddress, _ rules: GuardRules, now: Instant) {
        _ = refused(grant.verdict, address, rules, now, byPrefix: grant.isByPrefix, weight: count)
    }

    private static func take(_ wanted: Int, _ state: GuardState, _ now: UInt64) -> GuardGrant {
        let left = state.banned(now)
        if left > 0 { return GuardGrant(count: 0, verdict: .banned(left)) }
        let count = state.take(wanted, now: now)
        return GuardGrant(count: count, verdict: count > 0 ? .admitted : .refused(.requests, state.wait(now)))
    }

    /// Requests that were taken and not made.
    package func giveBack(_ count: Int, of address: IPAddress, _ rules: GuardRules, now: Instant) {
        visit(addresses, address, rules.address, rules, now, makes: false) { $0.giveBack(count) }
        visit(prefixes, rules.prefixes(address), rules.prefix, rules, now, makes: false) { $0.giveBack(count) }
    }

    // MARK: Offences

    /// Counts an offence of the address, and of its prefix.
    package func offend(_ offence: Offence, weight: Int, of address: IPAddress, _ rules: GuardRules, now: Instant) {
        note(offence, weight, address, addresses, rules.address, bits: 128, rules, now)
        note(offence, weight, rules.prefixes(address), prefixes, rules.prefix, bits: rules.prefixes.bits(address), rules, now)
    }

    /// What a refusal counts. That of a prefix is not held against each address in it, nor what a banned address does against its prefix.
    private func refused(
        _ verdict: GuardVerdict, _ address: IPAddress, _ rules: GuardRules, _ now: Instant, byPrefix: Bool, weight: Int = 1
    ) -> GuardVerdict {
        let offence: Offence
        switch verdict {
        case .admitted: return verdict
        case .refused(let limit, _): offence = .excess(limit)
        case .banned: offence = .persistence
        }
        if byPrefix {
            note(offence, weight, rules.prefixes(address), prefixes, rules.prefix, bits: rules.prefixes.bits(address), rules, now)
        } else if offence == .persistence {
            note(offence, weight, address, addresses, rules.address, bits: 128, rules, now)
        } else {
            offend(offence, weight: weight, of: address, rules, now: now)
        }
        return verdict
    }

    private func note(
        _ offence: Offence, _ weight: Int, _ address: IPAddress, _ table: borrowing LimitTable, _ bounds: GuardBounds, bits: Int,
        _ rules: GuardRules, _ now: Instant
    ) {
        var ban: GuardBan?
        visit(table, address, bounds, rules, now) {
            guard $0.offend(offence, weight: weight, rules.bans, now: now.nanoseconds) else { return }
            ban = GuardTable.describe($0, bits, now.nanoseconds)
        }
        guard let ban else { return }
        bannings.wrappingAdd(1, ordering: .releasing)
        banned(ban)
    }

    // MARK: Entries

    /// Runs `body` with what is known of the address, alone, and notes what that is worth afterwards. Nil: nothing is known, and nothing is to be.
    @discardableResult
    private func visit<Result>(
        _ table: borrowing LimitTable, _ address: IPAddress, _ bounds: GuardBounds, _ rules: GuardRules, _ now: Instant, makes: Bool = true,
        _ body: (GuardState) -> Result
    ) -> Result? {
        let key = key(address), time = now.nanoseconds
        return table.withShard(key) { shard -> Result? in
            let entry: LimitEntry
            if let found = shard.find(key) {
                entry = found
            } else if makes {
                entry = shard.insert(key, now: time)
                GuardState(entry.state, bounds).address = address
            } else {
                return nil
            }
            let state = GuardState(entry.state, bounds)
            let result = body(state)
            let (memory, usage) = state.worth(rules.bans, now: time)
            entry.note(drained: memory, usage: usage, now: time)
            return result
        }
    }
}

/// What becomes of a connection or a request.
package enum GuardVerdict: Equatable, Sendable {
    case admitted
    /// Too much of this; until when to wait, where that is known.
    case refused(GuardLimit, Nanoseconds)
    /// Nothing is taken for so long.
    case banned(Nanoseconds)
}

/// Requests that may be made, and why no more.
package struct GuardGrant: Equatable, Sendable {
    package var count: Int
    package var verdict: GuardVerdict
    /// It is the prefix of the address that may do no more.
    package var isByPrefix = false
}

extension LimitKey {
    init(_ address: IPAddress, _ secret: Secret) {
        self = unsafe withUnsafeTemporaryAllocation(byteCount: 16, alignment: 8) { bytes in
            unsafe bytes.storeBytes(of: address.high, as: UInt64.self)
            unsafe bytes.storeBytes(of: address.low, toByteOffset: 8, as: UInt64.self)
            return unsafe LimitKey(ByteView(UnsafeRawBufferPointer(bytes)), secret)
        }
    }
}
