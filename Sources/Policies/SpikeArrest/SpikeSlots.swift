import Reactor
import SharedState

/// How requests of a key are spread: each takes the next free slot of a line of slots that are equally far apart.
///
/// The line is a GCRA whose burst is what may go at once and what may wait, together. So every request learns when its slot is as soon as it
/// comes, whichever loop or gateway it comes to, and who comes first goes first.
struct SpikeSlots: Sendable, Equatable {
    /// What is asked of the limiter.
    let window: RateWindow
    /// Time between two slots, rounded up.
    let distance: Nanoseconds
    /// Requests that may wait for their slot.
    let waiting: Int

    /// - Parameters:
    ///   - burst: requests that may go at once.
    ///   - queue: requests that may wait, and how long at most; nil for none.
    init(limit: Int, period: Nanoseconds, burst: Int, queue: (size: Int, longest: Nanoseconds)?) {
        let limit = max(1, limit), burst = max(1, burst)
        let distance = period / UInt64(limit) + (period % UInt64(limit) == 0 ? 0 : 1)
        // Nobody gets a place who would have to wait for too long.
        let within = queue.map { Int(clamping: $0.longest / max(1, distance)) } ?? 0
        self.distance = distance
        waiting = max(0, min(queue?.size ?? 0, within, RateWindow.limits.upperBound - burst))
        window = RateWindow(limit: limit, period: period, burst: burst + waiting)
    }

    /// How long a request that has been let in waits for its slot.
    func wait(_ decision: RateDecision) -> Nanoseconds {
        // The line holds `reset + (window.burst - remaining - 1) * distance`; what is in it beyond the burst has to pass first.
        let behind = waiting - decision.remaining - 1
        guard behind >= 0 else {
            let ahead = distance.multipliedReportingOverflow(by: UInt64(-behind))
            return ahead.overflow || ahead.partialValue >= decision.reset ? 0 : decision.reset - ahead.partialValue
        }
        let (time, overflows) = distance.multipliedReportingOverflow(by: UInt64(behind))
        let (sum, isTooLong) = time.addingReportingOverflow(decision.reset)
        return overflows || isTooLong ? .max : sum
    }

    /// What may still come at once, and until when there is more: places to wait are not shown to clients.
    func shown(_ decision: RateDecision) -> (remaining: Int, reset: Nanoseconds) {
        guard decision.remaining < waiting else { return (decision.remaining - waiting, decision.reset) }
        let (time, overflows) = distance.multipliedReportingOverflow(by: UInt64(waiting - decision.remaining))
        let (sum, isTooLong) = time.addingReportingOverflow(decision.reset)
        return (0, overflows || isTooLong ? .max : sum)
    }
}
