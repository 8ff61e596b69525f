package import Reactor

/// Buckets for durations: each power of two is divided in sixteen, so that a duration is known to a sixteenth, from a
/// microsecond to four minutes. Finding one takes no loop and no table.
package enum LatencyScale {
    /// About a microsecond.
    private static let unit: UInt64 = 10
    private static let topBit = 27
    package static let count = 32 + (topBit - 4) * 16

    package static func bucket(_ length: Nanoseconds) -> Int {
        let units = length >> unit
        guard units >= 32 else { return Int(units) }
        let bit = 63 - units.leadingZeroBitCount
        guard bit <= topBit else { return count - 1 }
        return 32 + (bit - 5) * 16 + Int(units >> UInt64(bit - 4) & 15)
    }

    /// The shortest duration of a bucket.
    package static func start(_ bucket: Int) -> Nanoseconds {
        guard bucket >= 32 else { return UInt64(max(0, bucket)) << unit }
        let place = bucket - 32
        return (UInt64(16 + place % 16) << UInt64(place / 16 + 1)) << unit
    }
}
