package import Reactor

/// When a request that has no answer yet is sent to a second endpoint too.
package struct HedgeSettings: Sendable, Equatable {
    package var after = After.quantile(0.95)
    /// Second requests for each request, over the last ten seconds.
    package var budget = 0.1
    package init() {}

    package enum After: Sendable, Equatable {
        case fixed(Nanoseconds)
        /// What this share of the requests of the last while did not exceed.
        case quantile(Double)
    }
}

/// How long a request may be without an answer until it is hedged. Of one event loop.
package struct HedgeDelay {
    private let after: HedgeSettings.After
    private let figures: SlidingFigures?
    private var sum = WindowFigures()
    private var current: Nanoseconds?
    private var due = Instant(nanoseconds: 0)

    private static let window: Nanoseconds = .seconds(30)
    private static let interval: Nanoseconds = .milliseconds(500)
    /// Fewer answers make no quantile.
    private static let minimum = 50
    /// Nobody is so quick that another request could overtake the first within this.
    private static let least: Nanoseconds = .milliseconds(1)

    package init(_ settings: HedgeSettings) {
        after = settings.after
        if case .quantile = settings.after { figures = SlidingFigures(window: HedgeDelay.window) } else { figures = nil }
    }

    package func note(_ latency: Nanoseconds, _ now: Instant) {
        figures?.note(AttemptOutcome(.answered, status: 200, latency: latency), isFailure: false, now)
    }

    /// Nil while there is nothing to go by.
    package mutating func value(_ now: Instant) -> Nanoseconds? {
        guard case .quantile(let share) = after, let figures else {
            if case .fixed(let length) = after { return length }
            return nil
        }
        guard now >= due else { return current }
        due = now + HedgeDelay.interval
        sum.clear()
        figures.add(to: &sum, now)
        current = sum.measured >= HedgeDelay.minimum ? max(sum.quantile(share), HedgeDelay.least) : nil
        return current
    }
}
