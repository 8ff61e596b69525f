package import Reactor

/// Counts of durations in fixed buckets whose bounds double: 0.5 ms, 1 ms, 2 ms … 32.768 s, then everything longer.
///
/// Recording finds the bucket from the position of the highest bit: no loop, no table, no lock. A loop owns its own; they
/// are added up when metrics are rendered.
package struct LatencyHistogram: Sendable {
    /// Buckets with a bound; one more counts what is longer.
    package static let boundCount = 17
    private static let smallest: Nanoseconds = 500_000

    private var buckets = InlineArray<18, UInt64>(repeating: 0)
    /// The sum of all durations, nanoseconds.
    package private(set) var sum: Nanoseconds = 0

    package init() {}

    /// The upper bound (inclusive) of a bucket in `0..<boundCount`.
    package static func bound(_ bucket: Int) -> Nanoseconds { smallest << UInt64(bucket) }

    package mutating func record(_ nanoseconds: Nanoseconds) {
        let units = (Swift.max(1, nanoseconds) - 1) / LatencyHistogram.smallest
        let bucket = Swift.min(64 - units.leadingZeroBitCount, LatencyHistogram.boundCount)
        buckets[bucket] &+= 1
        sum &+= nanoseconds
    }

    package mutating func merge(_ other: LatencyHistogram) {
        for i in 0...LatencyHistogram.boundCount { buckets[i] &+= other.buckets[i] }
        sum &+= other.sum
    }

    /// How many fell into the bucket (not cumulative); `boundCount` is the open one.
    package func count(in bucket: Int) -> UInt64 { buckets[bucket] }

    package var count: UInt64 {
        var total: UInt64 = 0
        for i in 0...LatencyHistogram.boundCount { total &+= buckets[i] }
        return total
    }

    /// The bound of the bucket that holds the given share (0…1) of all durations; nil when there are none. What is
    /// longer than every bound counts as the largest.
    package func quantile(_ share: Double) -> Nanoseconds? {
        let wanted = Double(count) * share
        guard count > 0 else { return nil }
        var seen: UInt64 = 0
        for i in 0..<LatencyHistogram.boundCount {
            seen += buckets[i]
            if seen > 0, Double(seen) >= wanted { return LatencyHistogram.bound(i) }
        }
        return LatencyHistogram.bound(LatencyHistogram.boundCount - 1)
    }
}
