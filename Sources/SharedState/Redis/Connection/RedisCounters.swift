package import Reactor

/// What has happened on the links of a loop, since the start.
package struct RedisCounters: Sendable, Equatable {
    package var commands: UInt64 = 0
    /// Commands without an answer that could be used, by kind.
    package var unavailable: UInt64 = 0
    package var timeouts: UInt64 = 0
    package var refused: UInt64 = 0
    package var malformed: UInt64 = 0
    /// Connections that became ready, and those of them that were lost.
    package var connections: UInt64 = 0
    package var losses: UInt64 = 0
    package var openings: UInt64 = 0
    /// Calls of the system that sent commands.
    package var writes: UInt64 = 0
    /// Answers by how long they took: `bounds` has the upper bounds of the buckets, the last of which is open.
    package var latency = [UInt64](repeating: 0, count: bounds.count + 1)
    package var totalLatency: Nanoseconds = 0

    package static let bounds: [Nanoseconds] = [
        100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000, 100_000_000, 1_000_000_000,
    ]

    package init() {}

    mutating func failed(_ kind: StoreError.Kind) {
        switch kind {
        case .unavailable: unavailable &+= 1
        case .timeout: timeouts &+= 1
        case .refused: refused &+= 1
        case .malformed: malformed &+= 1
        }
    }

    mutating func answered(after time: Nanoseconds) {
        var bucket = 0
        while bucket < RedisCounters.bounds.count, time > RedisCounters.bounds[bucket] { bucket &+= 1 }
        latency[bucket] &+= 1
        totalLatency &+= time
    }

    package mutating func add(_ other: RedisCounters) {
        commands &+= other.commands
        unavailable &+= other.unavailable
        timeouts &+= other.timeouts
        refused &+= other.refused
        malformed &+= other.malformed
        connections &+= other.connections
        losses &+= other.losses
        openings &+= other.openings
        writes &+= other.writes
        for bucket in latency.indices { latency[bucket] &+= other.latency[bucket] }
        totalLatency &+= other.totalLatency
    }
}
