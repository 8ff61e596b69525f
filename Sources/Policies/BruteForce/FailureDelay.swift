import Reactor

/// How long the answer to a failed attempt waits.
struct FailureDelay: Sendable {
    let first: Nanoseconds
    let longest: Nanoseconds
    /// Answers that may wait on a loop at a time.
    let waiting: Int

    /// - Parameter count: failed attempts so far, from 1. Whoever mistypes once does not wait.
    func length(_ count: Int) -> Nanoseconds {
        guard count > 1 else { return 0 }
        let (length, overflow) = first.multipliedReportingOverflow(by: 1 << UInt64(min(count - 2, 40)))
        return overflow ? longest : min(length, longest)
    }
}
