/// Values by key, each until a moment, at most so many: beyond, those whose key came first are given up first. Whoever calls holds its lock.
struct ExpiringTable<Value> {
    private struct Entry {
        var value: Value
        /// In whatever clock the caller goes by.
        var ends: UInt64
        /// Of the key's place in `order`.
        let serial: UInt64

        mutating func update<Result>(_ body: (inout Value) -> (Result, ends: UInt64)) -> Result {
            let (result, ends) = body(&value)
            self.ends = ends
            return result
        }
    }

    private let capacity: Int
    private var entries: [[UInt8]: Entry] = [:]
    /// Keys in the order in which they came; those that have gone since are passed over.
    private var order: [(key: [UInt8], serial: UInt64)] = []
    private var first = 0
    private var serial: UInt64 = 0
    /// The number of entries at which those that are over are looked for.
    private var sweepAt = 64
    /// Entries that were given up although they still counted.
    private(set) var evictions = 0

    init(capacity: Int) { self.capacity = max(1, capacity) }

    var count: Int { entries.count }

    func value(_ key: [UInt8], now: UInt64) -> (value: Value, ends: UInt64)? {
        guard let entry = entries[key], entry.ends > now else { return nil }
        return (entry.value, entry.ends)
    }

    mutating func set(_ key: [UInt8], _ value: Value, ends: UInt64, now: UInt64) {
        if let known = entries[key], known.ends > now {
            entries[key] = Entry(value: value, ends: ends, serial: known.serial)
            return
        }
        entries[key] = nil
        makeRoom(now)
        serial &+= 1
        entries[key] = Entry(value: value, ends: ends, serial: serial)
        order.append((key, serial))
    }

    /// Changes a value where it is, and says until when it counts from now on; nil if there is none.
    mutating func update<Result>(_ key: [UInt8], now: UInt64, _ body: (inout Value) -> (Result, ends: UInt64)) -> Result? {
        guard let ends = entries[key]?.ends, ends > now else { return nil }
        return entries[key]?.update(body)
    }

    mutating func remove(_ key: [UInt8]) { entries[key] = nil }

    /// Those whose key begins so, at most so many.
    func all(prefix: [UInt8], most: Int, now: UInt64) -> [(key: [UInt8], value: Value, ends: UInt64)] {
        entries.lazy.filter { $0.key.starts(with: prefix) && $0.value.ends > now }.prefix(most).map { ($0.key, $0.value.value, $0.value.ends) }
    }

    private mutating func makeRoom(_ now: UInt64) {
        if entries.count >= min(sweepAt, capacity) {
            entries = entries.filter { $0.value.ends > now }
            sweepAt = max(64, entries.count * 2)
        }
        while entries.count >= capacity, first < order.count {
            let oldest = order[first]
            first += 1
            guard entries[oldest.key]?.serial == oldest.serial else { continue }
            entries[oldest.key] = nil
            evictions += 1
        }
        // Half of the places of the order hold nothing, or more.
        guard order.count > 128, order.count > entries.count * 2 else { return }
        order = order[first...].filter { entries[$0.key]?.serial == $0.serial }
        first = 0
    }
}
