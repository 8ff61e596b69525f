import Primitives

/// Tokens that one event loop has verified, each until it expires.
///
/// A token is found by a seeded hash of its end, which is signature, and is known only if all of its bytes are the same: there is
/// nothing to collide with. It has its place in one of many small sets; a full set gives up what is over, then what was not asked for
/// longest. Only what was verified gets in, so nobody can push others out without tokens of his own.
struct TokenCache<Value> {
    private static var ways: Int { 4 }
    /// Bytes of tokens; when there would be more, all are forgotten.
    private static var mostBytes: Int { 16 << 20 }

    private struct Entry {
        var hash: UInt64 = 0
        /// Empty: the entry is free.
        var token: [UInt8] = []
        var value: Value?
        /// Seconds since 1970 from which on it counts no more.
        var end = 0
        var used: UInt32 = 0
    }

    private var entries: ContiguousArray<Entry>
    private let setMask: UInt64
    private let seed: UInt64
    private var lookups: UInt32 = 0
    private var bytes = 0
    private var version: UInt64 = 0

    /// - Parameters:
    ///   - capacity: tokens, rounded up to a power of two; 0: nothing is remembered.
    ///   - seed: nobody outside may know it.
    init(capacity: Int, seed: UInt64) {
        var sets = capacity > 0 ? 1 : 0
        while sets * TokenCache.ways < min(capacity, 1 << 20) { sets *= 2 }
        entries = ContiguousArray(repeating: Entry(), count: sets * TokenCache.ways)
        setMask = UInt64(max(1, sets) - 1)
        self.seed = seed
    }

    /// - Parameters:
    ///   - version: of what tokens are verified against. With another one than before, all that is known is forgotten.
    ///   - now: seconds since 1970.
    mutating func value(of token: ByteView, version: UInt64, now: Int) -> Value? {
        if version != self.version { forget(version) }
        guard !entries.isEmpty else { return nil }
        lookups &+= 1
        let hash = hash(of: token)
        for i in set(of: hash) where entries[i].hash == hash {
            guard entries[i].end > now, entries[i].token.withView({ $0 == token }) else { continue }
            entries[i].used = lookups
            return entries[i].value
        }
        return nil
    }

    mutating func remember(_ value: Value, for token: ByteView, version: UInt64, until end: Int, now: Int) {
        if version != self.version { forget(version) }
        guard !entries.isEmpty, end > now, !token.isEmpty else { return }
        if bytes + token.count > TokenCache.mostBytes { forget(version) }
        lookups &+= 1
        let hash = hash(of: token)
        var place = set(of: hash).lowerBound
        for i in set(of: hash) {
            if entries[i].hash == hash, entries[i].token.withView({ $0 == token }) {
                place = i
                break
            }
            if worth(i, now) < worth(place, now) { place = i }
        }
        bytes += token.count - entries[place].token.count
        entries[place] = Entry(hash: hash, token: token.array, value: value, end: end, used: lookups)
    }

    private mutating func forget(_ version: UInt64) {
        self.version = version
        guard bytes > 0 else { return }
        bytes = 0
        for i in entries.indices { entries[i] = Entry() }
    }

    private func worth(_ i: Int, _ now: Int) -> Int {
        entries[i].end <= now ? -1 : Int(UInt32.max - (lookups &- entries[i].used))
    }

    private func set(of hash: UInt64) -> Range<Int> {
        let first = Int(truncatingIfNeeded: hash & setMask) * TokenCache.ways
        return first..<first + TokenCache.ways
    }

    /// Of the last 32 bytes and the length.
    private func hash(of token: ByteView) -> UInt64 {
        var hash = seed ^ UInt64(truncatingIfNeeded: token.count)
        let tail = token.dropFirst(max(0, token.count - 32))
        var at = 0
        while at + 8 <= tail.count {
            let word = unsafe tail.buffer.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            hash = (hash ^ word) &* 0x9e37_79b9_7f4a_7c15
            hash ^= hash >> 29
            at += 8
        }
        while at < tail.count {
            hash = (hash ^ UInt64(tail[at])) &* 0x100_0000_01b3
            at += 1
        }
        return hash ^ hash >> 32
    }
}
