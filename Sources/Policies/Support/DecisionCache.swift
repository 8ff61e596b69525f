import Identity
import Primitives
import Reactor

/// What one event loop remembers of decisions: bounded, by a keyed hash of what was asked, each until it is over.
///
/// Two generations: when the younger one is full it becomes the older one, whose entries are forgotten unless they are asked for
/// meanwhile. So what is in use stays, and nothing is ever searched.
struct DecisionCache<Value: Sendable>: Sendable {
    private struct Entry {
        let value: Value
        let end: Instant
    }

    private var young: [CredentialKey: Entry] = [:]
    private var old: [CredentialKey: Entry] = [:]
    private let half: Int

    /// - Parameter capacity: entries at most; 0 remembers nothing.
    init(capacity: Int) { half = capacity / 2 }

    var count: Int { young.count + old.count }

    mutating func value(of key: CredentialKey, now: Instant) -> Value? {
        if let entry = young[key] { return entry.end > now ? entry.value : nil }
        guard let entry = old.removeValue(forKey: key), entry.end > now else { return nil }
        put(entry, key)
        return entry.value
    }

    mutating func remember(_ value: Value, for key: CredentialKey, until end: Instant) {
        guard half > 0 else { return }
        old[key] = nil
        put(Entry(value: value, end: end), key)
    }

    private mutating func put(_ entry: Entry, _ key: CredentialKey) {
        if young.count >= half, young[key] == nil {
            old = young
            young = [:]
        }
        young[key] = entry
    }
}
