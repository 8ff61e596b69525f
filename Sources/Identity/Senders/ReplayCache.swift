import Synchronization

/// Which proofs were used, so that none is used twice, on whatever event loop it arrives.
///
/// All memory is there from the beginning: 40 bytes for each place. A full set gives up what is over first, then what will be
/// over soonest. Only proofs that are right in everything else get in, so whoever wants to push one out needs as many
/// tokens and keys of his own, at once.
package final class ReplayCache: Sendable {
    private static let ways = 8
    private static let shardCount = 16

    private struct Entry: Sendable {
        var key = CredentialKey(words: (0, 0, 0, 0))
        /// Seconds since 1970; 0: free.
        var end = 0
    }

    private let shards: [Mutex<ContiguousArray<Entry>>.Box]

    /// - Parameter capacity: proofs, rounded up to a power of two.
    package init(capacity: Int = 65_536) {
        var sets = 1
        while sets * ReplayCache.ways * ReplayCache.shardCount < min(capacity, 1 << 22) { sets *= 2 }
        let count = sets * ReplayCache.ways
        shards = (0..<ReplayCache.shardCount).map { _ in Mutex<ContiguousArray<Entry>>.Box(ContiguousArray(repeating: Entry(), count: count)) }
    }

    /// Notes a proof. False: it was used before.
    ///
    /// - Parameters:
    ///   - key: a hash of the proof's key and identifier.
    ///   - end: until when it has to be remembered, in seconds since 1970.
    package func take(_ key: CredentialKey, until end: Int, now: Int) -> Bool {
        let shard = shards[Int(truncatingIfNeeded: key.words.0 >> 60) & (ReplayCache.shardCount - 1)]
        return shard.mutex.withLock { entries in
            let sets = entries.count / ReplayCache.ways
            let first = (Int(truncatingIfNeeded: key.words.0) & (sets - 1)) * ReplayCache.ways
            var place = first
            for i in first..<first + ReplayCache.ways {
                if entries[i].end > now, entries[i].key == key { return false }
                if entries[i].end < entries[place].end { place = i }
            }
            entries[place] = Entry(key: key, end: end)
            return true
        }
    }

    /// What stands for a proof.
    package static func key(of proof: DPoPProof) throws(CryptoError) -> CredentialKey {
        let digest = try Digest.sha256(proof.thumbprint + Array(proof.identifier.utf8))
        func word(_ at: Int) -> UInt64 { digest[at..<at + 8].reduce(0) { $0 << 8 | UInt64($1) } }
        return CredentialKey(words: (word(0), word(8), word(16), word(24)))
    }
}

extension Mutex where Value: Sendable {
    /// A mutex in an array.
    fileprivate final class Box: Sendable {
        let mutex: Mutex<Value>
        init(_ value: Value) { mutex = Mutex(value) }
    }
}
