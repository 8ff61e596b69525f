package import Reactor
import Synchronization

/// What came of requests in the last while, in ten slices of time. One event loop writes, without locks and without atomic
/// additions, since nobody else does; whoever evaluates reads those of all loops.
package final class SlidingFigures: Sendable {
    private static let count = 10
    private let slices: [Slice]
    private let length: Nanoseconds

    private final class Slice: Sendable {
        /// Which slice of time this is, and of which generation; the counts of another are nobody's.
        let tag = Atomic<UInt64>(.max)
        let requests = Atomic<UInt32>(0)
        let failures = Atomic<UInt32>(0)
        let timeouts = Atomic<UInt32>(0)
        let measured = Atomic<UInt32>(0)
        let latencies = InlineArray<400, Atomic<UInt32>> { _ in Atomic(0) }

        func clear() {
            requests.store(0, ordering: .relaxed)
            failures.store(0, ordering: .relaxed)
            timeouts.store(0, ordering: .relaxed)
            guard measured.load(ordering: .relaxed) > 0 else { return }
            measured.store(0, ordering: .relaxed)
            for i in latencies.indices { latencies[i].store(0, ordering: .relaxed) }
        }
    }

    package init(window: Nanoseconds) {
        length = max(1, window / UInt64(SlidingFigures.count))
        slices = (0..<SlidingFigures.count).map { _ in Slice() }
    }

    private func tag(_ number: UInt64, _ generation: UInt64) -> UInt64 { generation << 48 | number & 0xffff_ffff_ffff }

    /// - Parameter generation: counts of other generations are forgotten.
    package func note(_ outcome: AttemptOutcome, isFailure: Bool, _ now: Instant, generation: UInt64 = 0) {
        let number = now.nanoseconds / length
        let slice = slices[Int(number % UInt64(SlidingFigures.count))]
        let tag = tag(number, generation)
        if slice.tag.load(ordering: .relaxed) != tag {
            slice.clear()
            slice.tag.store(tag, ordering: .releasing)
        }
        if outcome.kind != .brokenOff { slice.requests.increment() }
        if isFailure { slice.failures.increment() }
        if outcome.kind == .timedOut { slice.timeouts.increment() }
        guard outcome.kind == .answered || outcome.kind == .timedOut else { return }
        slice.measured.increment()
        slice.latencies[LatencyScale.bucket(outcome.latency)].increment()
    }

    /// Adds what this loop has counted in the window that ends now: nine whole slices and the one that is under way.
    package func add(to sum: inout WindowFigures, _ now: Instant, generation: UInt64 = 0) {
        let number = now.nanoseconds / length
        for back in 0..<UInt64(SlidingFigures.count) where back <= number {
            let slice = slices[Int((number - back) % UInt64(SlidingFigures.count))]
            guard slice.tag.load(ordering: .acquiring) == tag(number - back, generation) else { continue }
            sum.requests += Int(slice.requests.load(ordering: .relaxed))
            sum.failures += Int(slice.failures.load(ordering: .relaxed))
            sum.timeouts += Int(slice.timeouts.load(ordering: .relaxed))
            guard slice.measured.load(ordering: .relaxed) > 0 else { continue }
            for i in slice.latencies.indices {
                let count = slice.latencies[i].load(ordering: .relaxed)
                // What is added up is what was seen: the loop may be counting meanwhile.
                sum.latencies[i] &+= count
                sum.measured += Int(count)
            }
        }
    }
}

extension Atomic<UInt32> {
    /// For the one thread that writes.
    fileprivate borrowing func increment() { store(load(ordering: .relaxed) &+ 1, ordering: .relaxed) }
}
