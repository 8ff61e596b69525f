package import Reactor

/// The states of a breaker and what leads from one to the next. Pure.
///
///     closed --trip--> open --openFor passes--> half-open --probes went well--> closed
///                        ^                          |
///                        +------ a probe failed ----+
package struct BreakerMachine: Sendable {
    package private(set) var state = State.closed
    private let openFor: Nanoseconds
    private let probes: Int

    package enum State: Sendable, Equatable {
        case closed
        case open(until: Instant)
        /// Requests that try out whether it is well again: how many are under way, and how many were answered well.
        case halfOpen(underWay: Int, good: Int)

        package var label: String {
            switch self {
            case .closed: "closed"
            case .open: "open"
            case .halfOpen: "half-open"
            }
        }
    }

    package enum Admission: Sendable, Equatable {
        case pass
        /// It goes through, and `probeEnded` is called with what comes of it.
        case probe
        /// Until when nobody is let through; nil while probes are under way.
        case refused(until: Instant?)
    }

    package enum Verdict: Sendable {
        case good, bad
        /// It ended for another reason: the client left.
        case unknown
    }

    package init(openFor: Nanoseconds, probes: Int) {
        self.openFor = openFor
        self.probes = max(1, probes)
    }

    /// May a request go through?
    package mutating func admit(_ now: Instant) -> Admission {
        switch state {
        case .closed: return .pass
        case .open(let until):
            guard now >= until else { return .refused(until: until) }
            state = .halfOpen(underWay: 1, good: 0)
            return .probe
        case .halfOpen(let underWay, let good):
            guard underWay + good < probes else { return .refused(until: nil) }
            state = .halfOpen(underWay: underWay + 1, good: good)
            return .probe
        }
    }

    /// The condition holds.
    package mutating func trip(_ now: Instant) { state = .open(until: now + openFor) }

    /// A probe has ended. True: it was the last one that was needed, so `decide` has the word.
    package mutating func probeEnded(_ verdict: Verdict, _ now: Instant) -> Bool {
        // Probes of an earlier time say nothing about this one.
        guard case .halfOpen(let underWay, let good) = state, underWay > 0 else { return false }
        switch verdict {
        case .unknown: state = .halfOpen(underWay: underWay - 1, good: good)
        case .bad: trip(now)
        case .good:
            state = .halfOpen(underWay: underWay - 1, good: good + 1)
            return good + 1 >= probes
        }
        return false
    }

    /// All probes were answered well; whether they were too slow all the same, the condition says.
    package mutating func decide(isTooSlow: Bool, _ now: Instant) {
        guard case .halfOpen = state else { return }
        if isTooSlow { trip(now) } else { state = .closed }
    }
}
