package import Reactor

/// How often gateways look after each other, and how long they wait.
package struct GossipTiming: Equatable, Sendable {
    /// One other member is asked for a sign of life so often.
    package var period: Nanoseconds = .seconds(1)
    /// How long it may take before others are asked to try.
    package var timeout: Nanoseconds = .milliseconds(300)
    /// How many others.
    package var helpers = 3
    /// How often seeds, and those who have vanished, are tried while they are missing.
    package var retry: Nanoseconds = .seconds(3)
    /// How long one that has vanished is still counted as somebody who may be serving.
    package var missing: Nanoseconds = .seconds(300)
    /// How long one that has left is remembered, so that late news of it is known to be late.
    package var memory: Nanoseconds = .seconds(60)
    /// How far clocks may differ.
    package var skew: Nanoseconds = .seconds(60)

    package init() {}

    /// How long a suspect of so many members has to contradict: news takes longer to reach everybody in a larger group.
    func suspicion(members: Int) -> Nanoseconds { 4 * period * UInt64(max(1, GossipTiming.rounds(members) / 2)) }

    /// Rounds that news takes to reach so many members, about: log2(n + 1), rounded up.
    static func rounds(_ members: Int) -> Int { Int.bitWidth - max(0, members).leadingZeroBitCount }
}
