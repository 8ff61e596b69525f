/// Which of a sender's datagrams have come: each is taken once, in any order within the last 4,096 (the ring of RFC 6479).
struct ReplayWindow {
    private static let words = 64
    private static let size = UInt64(words * 64)

    private var latest: UInt64 = 0
    private var bits = [UInt64](repeating: 0, count: words)

    /// False for one that has come before, or that is too far behind to tell.
    mutating func take(_ sequence: UInt64) -> Bool {
        guard sequence > 0 else { return false }
        if sequence > latest {
            clear(between: latest, and: sequence)
            latest = sequence
        } else if latest - sequence >= ReplayWindow.size - 64 {
            return false
        }
        let word = Int(sequence / 64 % UInt64(ReplayWindow.words)), bit: UInt64 = 1 << (sequence % 64)
        guard bits[word] & bit == 0 else { return false }
        bits[word] |= bit
        return true
    }

    private mutating func clear(between before: UInt64, and after: UInt64) {
        let steps = min(after / 64 - before / 64, UInt64(ReplayWindow.words))
        guard steps > 0 else { return }
        for step in 0..<steps { bits[Int((after / 64 - step) % UInt64(ReplayWindow.words))] = 0 }
    }
}
