package import Reactor

/// The requests of a window of time, added up.
package struct WindowFigures: Sendable {
    package var requests = 0
    package var failures = 0
    package var timeouts = 0
    /// Durations by `LatencyScale`.
    package var latencies: ContiguousArray<UInt32>
    package var measured = 0

    package init() { latencies = ContiguousArray(repeating: 0, count: LatencyScale.count) }

    /// Failures for each request, 0 to 1.
    package var errorRatio: Double { requests > 0 ? min(1, Double(failures) / Double(requests)) : 0 }

    package mutating func clear() {
        requests = 0
        failures = 0
        timeouts = 0
        guard measured > 0 else { return }
        measured = 0
        for i in latencies.indices { latencies[i] = 0 }
    }

    package mutating func note(_ outcome: AttemptOutcome, isFailure: Bool) {
        if outcome.kind != .brokenOff { requests += 1 }
        if isFailure { failures += 1 }
        if outcome.kind == .timedOut { timeouts += 1 }
        guard outcome.kind == .answered || outcome.kind == .timedOut else { return }
        measured += 1
        latencies[LatencyScale.bucket(outcome.latency)] &+= 1
    }

    /// The duration that `share` of all do not exceed, to a thirty-second; 0 when there is none.
    package func quantile(_ share: Double) -> Nanoseconds {
        guard measured > 0 else { return 0 }
        let rank = max(1, Int((Double(measured) * share).rounded(.up)))
        var seen = 0
        for bucket in latencies.indices {
            let count = Int(latencies[bucket])
            guard seen + count >= rank else {
                seen += count
                continue
            }
            // Those of one bucket are taken to be spread evenly over it.
            let start = LatencyScale.start(bucket), width = LatencyScale.start(bucket + 1) - start
            return start + UInt64(Double(width) * (Double(rank - seen) - 0.5) / Double(count))
        }
        return LatencyScale.start(LatencyScale.count - 1)
    }
}
