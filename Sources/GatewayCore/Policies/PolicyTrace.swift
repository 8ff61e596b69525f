package import Reactor

/// What each policy did with an exchange, and how long that took. Made only for exchanges that are traced.
package final class PolicyTrace {
    package struct Entry {
        package var policy: String
        package var phase: Phase
        package var length: Nanoseconds
        package var decision: Decision
    }

    package enum Phase: String, Sendable {
        case request, response, body, finish
    }

    package enum Decision: Equatable, Sendable {
        /// Went on.
        case passed
        /// Its condition did not hold.
        case skipped
        /// Answered in place of the upstream.
        case replied
        case refused(Reason)
    }

    package private(set) var entries: [Entry] = []

    package init() {}

    package func record(_ policy: String, _ phase: Phase, _ length: Nanoseconds, _ decision: Decision) {
        entries.append(Entry(policy: policy, phase: phase, length: length, decision: decision))
    }
}

extension PolicyTrace.Decision: CustomStringConvertible {
    package var description: String {
        switch self {
        case .passed: "passed"
        case .skipped: "skipped"
        case .replied: "replied"
        case .refused(let reason): "\(reason)"
        }
    }
}
