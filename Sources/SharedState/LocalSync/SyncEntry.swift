/// What a gateway keeps of a key beside its windows.
struct SyncEntry {
    static let header = 6

    private let words: StateWords

    init(_ words: StateWords) { self.words = words }

    var windows: StateWords { words.dropFirst(SyncEntry.header) }

    /// Units spent here since the entry began, and units given back.
    var spent: UInt64 {
        get { words[0] }
        nonmutating set { words[0] = newValue }
    }
    var returned: UInt64 {
        get { words[1] }
        nonmutating set { words[1] = newValue }
    }
    /// Of `spent`, what all others know.
    var known: UInt64 {
        get { words[2] }
        nonmutating set { words[2] = newValue }
    }
    /// Of 2^32; 0: this gateway has not asked for more.
    var weight: UInt64 {
        get { words[3] }
        nonmutating set { words[3] = newValue }
    }
    /// Tells an entry from the one that was there before; 0: nothing was spent here yet.
    var generation: UInt64 {
        get { words[4] >> 1 }
        nonmutating set { words[4] = newValue << 1 | words[4] & 1 }
    }
    /// It has asked for more.
    var isActive: Bool {
        get { words[4] & 1 == 1 }
        nonmutating set { words[4] = words[4] & ~1 | (newValue ? 1 : 0) }
    }
    var lastSpent: UInt64 {
        get { words[5] }
        nonmutating set { words[5] = newValue }
    }

    func account(_ group: SyncGroup, pause: UInt64) -> SyncAccount {
        SyncAccount(
            spent: spent, unknown: spent &- min(spent, known), weight: weight == 0 ? group.quietWeight : weight, group: group, pause: pause)
    }
}
