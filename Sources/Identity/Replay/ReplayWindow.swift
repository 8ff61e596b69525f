/// Remembers what was accepted for as long as it could be accepted again.
///
/// Two generations: what comes is remembered in the younger one, which becomes the older when a lifetime has passed, and is forgotten
/// after another. So everything is remembered for at least a lifetime, and forgetting costs nothing for what is not forgotten.
package struct ReplayWindow: Sendable {
    package enum Answer: Equatable, Sendable {
        case new
        case seen
        /// Too much is remembered to remember more. What is new can't be told from what was seen, so it must not be accepted.
        case full
    }

    private struct Mark: Hashable, Sendable {
        let high: UInt64
        let low: UInt64
    }

    private var lifetime: Int64
    private var most: Int
    private var young: Set<Mark> = []
    private var old: Set<Mark> = []
    private var began: Int64 = 0

    /// - Parameters:
    ///   - lifetime: seconds, at least 1.
    ///   - most: marks in each generation, 16 bytes each and what a table takes.
    package init(lifetime: Int64, most: Int) {
        self.lifetime = max(1, lifetime)
        self.most = most
    }

    /// From now on something could be accepted again for so long, and so much is remembered.
    package mutating func adopt(lifetime: Int64, most: Int) {
        self.lifetime = max(1, lifetime)
        self.most = most
    }

    /// - Parameters:
    ///   - mark: its first 16 bytes count, which must be those of a digest or a signature.
    ///   - now: seconds since 1970.
    package mutating func admit(_ mark: [UInt8], now: Int64) -> Answer {
        advance(to: now)
        let mark = Mark(high: ReplayWindow.word(mark, 0), low: ReplayWindow.word(mark, 8))
        if young.contains(mark) || old.contains(mark) { return .seen }
        guard young.count < most else { return .full }
        young.insert(mark)
        return .new
    }

    private mutating func advance(to now: Int64) {
        // A clock that was set back forgets nothing.
        guard now > began else { return }
        let age = now &- began
        guard age >= lifetime else { return }
        old = age >= 2 &* lifetime ? [] : young
        young = []
        began = now
    }

    private static func word(_ bytes: [UInt8], _ start: Int) -> UInt64 {
        bytes.dropFirst(start).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
