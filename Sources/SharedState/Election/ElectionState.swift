package import Reactor

/// Whether one of several gateways leads, by a value with a time to live that at most one of them holds. Pure.
///
/// A gateway leads from when it has taken the value until the value would be gone, counted from before it asked: so it stops by itself,
/// in time, when it can't reach the store, and two never lead as long as their clocks go equally fast, within `margin`. Who was halted
/// for longer than that does not notice: whatever must not be done twice takes `number` along, and whoever does it refuses lower ones.
package struct ElectionState: Equatable, Sendable {
    package enum Action: Equatable, Sendable {
        /// Take the value if nobody holds it, with the next number.
        case take
        /// Let it live for another lifetime.
        case extend
    }

    /// Of the value.
    package let lifetime: Nanoseconds
    private var until: Instant?
    private var nextAt: Instant
    /// Grows with every leader: a fencing number. 0 before this gateway has led.
    package private(set) var number = 0

    package init(lifetime: Nanoseconds, now: Instant) {
        self.lifetime = max(1, lifetime)
        nextAt = now
    }

    /// What a leader gives up at the end of its time, for clocks that go at different speeds.
    private var margin: Nanoseconds { lifetime / 10 }

    package func leads(_ now: Instant) -> Bool { until.map { now < $0 } ?? false }

    /// When there is something to do.
    package var deadline: Instant { min(nextAt, until ?? .never) }

    /// What is to be done now.
    package mutating func due(_ now: Instant) -> Action? {
        if let until, now >= until { self.until = nil }
        guard now >= nextAt else { return nil }
        // Until there is an answer.
        nextAt = now + lifetime / 3
        return until == nil ? .take : .extend
    }

    /// The value is this gateway's.
    ///
    /// - Parameter asked: when the store was asked.
    package mutating func took(number: Int, asked: Instant) {
        self.number = number
        until = asked + (lifetime - margin)
        nextAt = asked + lifetime / 3
    }

    package mutating func extended(asked: Instant) {
        guard until != nil else { return }
        until = asked + (lifetime - margin)
        nextAt = asked + lifetime / 3
    }

    /// Somebody else holds the value.
    package mutating func lost(_ now: Instant) {
        until = nil
        nextAt = now + lifetime / 3
    }
}
