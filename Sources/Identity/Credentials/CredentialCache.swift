package import Reactor

/// What is known about a credential: that it is good, and what follows from that, or that it is not.
package enum CredentialVerdict<Value: Sendable>: Sendable {
    case accepted(Value)
    case refused
}

extension CredentialVerdict: Equatable where Value: Equatable {}

/// Remembers verdicts for a while, so that a password is hashed once and not with every request, and a database is asked once.
///
/// Belongs to one event loop, and to one set of consumers: when those change, `removeAll`. All memory is there from
/// the beginning. A key has its place in one of many small sets, chosen by its bits, which nobody outside can predict. A
/// full set gives up what is over first, then refusals, then what was not asked for longest; but no refusal ever takes the
/// place of an acceptance, so a flood of wrong passwords does not cost anybody else a second hash.
package struct CredentialCache<Value: Sendable> {
    private static var ways: Int { 8 }

    private struct Entry {
        var key = CredentialKey(words: (0, 0, 0, 0))
        /// 0: the entry is free.
        var expiry = Instant(nanoseconds: 0)
        /// When it was asked for, counted in lookups.
        var used: UInt32 = 0
        /// Nil for a refusal.
        var value: Value?
    }

    private var entries: ContiguousArray<Entry>
    private let setMask: Int
    private let acceptedLifetime: Nanoseconds
    private let refusedLifetime: Nanoseconds
    private var lookups: UInt32 = 0

    /// - Parameters:
    ///   - capacity: entries, 56 bytes each where a value is an object; rounded up to a power of two, between 8 and 2^20.
    ///   - accepted: how long a right password stays known after it was verified. Asking does not make it longer.
    ///   - refused: the same for a wrong one.
    package init(capacity: Int = 4096, accepted: Nanoseconds = .seconds(300), refused: Nanoseconds = .seconds(10)) {
        var sets = 1
        while sets * CredentialCache.ways < min(capacity, 1 << 20) { sets *= 2 }
        entries = ContiguousArray(repeating: Entry(), count: sets * CredentialCache.ways)
        setMask = sets - 1
        acceptedLifetime = accepted
        refusedLifetime = refused
    }

    package var capacity: Int { entries.count }

    /// Nil: not known, or no longer.
    package mutating func verdict(of key: CredentialKey, now: Instant) -> CredentialVerdict<Value>? {
        lookups &+= 1
        guard let index = index(of: key), entries[index].expiry > now else { return nil }
        entries[index].used = lookups
        return entries[index].value.map { .accepted($0) } ?? .refused
    }

    /// Remembers a verdict in place of what was known about the key.
    package mutating func remember(_ verdict: CredentialVerdict<Value>, for key: CredentialKey, now: Instant) {
        lookups &+= 1
        var entry = Entry(key: key, expiry: now + refusedLifetime, used: lookups)
        if case .accepted(let value) = verdict {
            entry = Entry(key: key, expiry: now + acceptedLifetime, used: lookups, value: value)
        }
        guard let index = index(of: key) ?? room(for: entry, now: now) else { return }
        entries[index] = entry
    }

    package mutating func removeAll() {
        for i in entries.indices { entries[i] = Entry() }
    }

    private func set(of key: CredentialKey) -> Range<Int> {
        let first = (Int(truncatingIfNeeded: key.words.0) & setMask) * CredentialCache.ways
        return first..<first + CredentialCache.ways
    }

    private func index(of key: CredentialKey) -> Int? {
        for i in set(of: key) where entries[i].key == key && entries[i].expiry.nanoseconds != 0 { return i }
        return nil
    }

    /// The place of the entry that is worth least; nil if all are worth more than the new one.
    private func room(for entry: Entry, now: Instant) -> Int? {
        var best: (worth: UInt64, index: Int)?
        for i in set(of: entry.key) {
            let worth = worth(of: entries[i], now: now)
            if worth < best?.worth ?? .max { best = (worth, i) }
        }
        guard let best, entry.value != nil || best.worth < CredentialCache.acceptance else { return nil }
        return best.index
    }

    private static var acceptance: UInt64 { 1 << 33 }

    /// 0 for what is over; otherwise acceptances before refusals, then what was used later.
    private func worth(of entry: Entry, now: Instant) -> UInt64 {
        guard entry.expiry > now else { return 0 }
        let recency = UInt64(UInt32.max - (lookups &- entry.used)) + 1
        return entry.value != nil ? CredentialCache.acceptance + recency : recency
    }
}
