import Primitives

/// When a loop waits a moment before it looks at its sockets again, so that more has arrived and each read, write and wake-up
/// carries more: what network cards call interrupt moderation.
///
/// Multiplexed connections gain by it, because the frames of many streams fit one system call. It never costs anybody much: a
/// pause is at most a sixteenth of what streams take anyway, and there is none unless streams end so often that it gathers some.
package struct TurnPause {
    /// However long streams take.
    package static let longest: Nanoseconds = 200_000
    /// Below this, sleeping costs more than it gathers.
    package static let shortest: Nanoseconds = 20_000
    private static let share: Nanoseconds = 16
    /// Streams that a pause has to gather to be worth its while.
    private static let worthwhile: Nanoseconds = 2

    package var isOn = true
    /// How long streams take, and the time between two ends: moving averages.
    private var duration: Nanoseconds = 0
    private var gap: Nanoseconds = .seconds(1)
    private var lastEnd = Instant.never

    package init() {}

    /// A stream has ended that took so long.
    package mutating func streamEnded(after duration: Nanoseconds, now: Instant) {
        self.duration = TurnPause.average(self.duration, min(duration, .seconds(1)), over: 16)
        if lastEnd != .never { gap = TurnPause.average(gap, min(now - lastEnd, .seconds(1)), over: 64) }
        lastEnd = now
    }

    /// How long to wait; 0: not at all. The time is asked for only where it decides.
    package func length(now: @autoclosure () -> Instant) -> Nanoseconds {
        guard isOn, lastEnd != .never else { return 0 }
        let length = min(duration / TurnPause.share, TurnPause.longest)
        guard length >= TurnPause.shortest, gap * TurnPause.worthwhile <= length else { return 0 }
        return now() - lastEnd < 4 * TurnPause.longest ? length : 0
    }

    private static func average(_ before: Nanoseconds, _ value: Nanoseconds, over count: Nanoseconds) -> Nanoseconds {
        before < value ? before + (value - before) / count : before - (before - value) / count
    }
}
