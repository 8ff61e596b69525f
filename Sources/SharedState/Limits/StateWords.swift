/// The words that an algorithm keeps for one key: a checked view of memory that somebody else owns and has locked.
@safe
struct StateWords {
    private let base: UnsafeMutablePointer<UInt64>
    let count: Int

    init(_ base: UnsafeMutablePointer<UInt64>, count: Int) {
        unsafe self.base = base
        self.count = count
    }

    /// Outside `0..<count` is a mistake of the caller's: it stops a debug build, and reads as 0 otherwise.
    subscript(index: Int) -> UInt64 {
        get {
            guard UInt(bitPattern: index) < UInt(bitPattern: count) else {
                assertionFailure("StateWords index out of range")
                return 0
            }
            return unsafe base[index]
        }
        nonmutating set {
            guard UInt(bitPattern: index) < UInt(bitPattern: count) else {
                assertionFailure("StateWords index out of range")
                return
            }
            unsafe base[index] = newValue
        }
    }

    /// The words from `start` on; none if that is behind the end.
    func dropFirst(_ start: Int) -> StateWords {
        let start = min(max(0, start), count)
        return unsafe StateWords(base + start, count: count - start)
    }
}
