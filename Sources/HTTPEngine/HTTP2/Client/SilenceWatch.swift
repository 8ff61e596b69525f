import Reactor

/// Notices a peer that says nothing while something is expected of it: asks for a sign of life (PING, RFC 9113 §6.7), and
/// gives up when none comes. Whatever comes is one.
struct SilenceWatch {
    /// Longest silence before it is asked, and then again before it counts as gone. `.max` never asks.
    let most: Nanoseconds
    private var heard = Instant.never
    private var asked = Instant.never

    enum Step: Equatable {
        case wait(until: Instant)
        case ask(thenWait: Instant)
        case gone
    }

    init(most: Nanoseconds) { self.most = most }

    /// From now on something is expected; when to look again.
    mutating func begin(_ now: Instant) -> Instant {
        guard most != .max else { return .never }
        hears(now)
        return now + most
    }

    mutating func hears(_ now: Instant) {
        heard = now
        asked = .never
    }

    /// To be called at the moment that the last step has named.
    mutating func look(_ now: Instant) -> Step {
        if asked != .never { return now >= asked + most ? .gone : .wait(until: asked + most) }
        guard now >= heard + most else { return .wait(until: heard + most) }
        asked = now
        return .ask(thenWait: now + most)
    }
}
