import Logging
import PolicyKit
import Reactor
import Synchronization

/// Writes events to the operational log, and counts them.
final class EventLog: EventSink {
    /// Lines written in a second at most: a thousand keys may reach a share at once, and the log is for people.
    private static let most = 20

    private struct State {
        var counts: [String: UInt64] = [:]
        var second: UInt64 = 0
        var written = 0
        var leftOut: UInt64 = 0
    }

    private let state = Mutex(State())
    private let logger: Logger
    private let wall: @Sendable () -> UInt64

    /// - Parameter wall: nanoseconds since 1970.
    init(logger: Logger = Logger(label: "events"), wall: @escaping @Sendable () -> UInt64 = { Instant.wallClock }) {
        self.logger = logger
        self.wall = wall
    }

    func post(_ event: Event) {
        let second = wall() / 1_000_000_000
        let (isWritten, leftOut) = state.withLock { state -> (Bool, UInt64) in
            state.counts[event.name, default: 0] += 1
            if state.second != second {
                state.second = second
                state.written = 0
            }
            guard state.written < EventLog.most else {
                state.leftOut += 1
                return (false, 0)
            }
            state.written += 1
            defer { state.leftOut = 0 }
            return (true, state.leftOut)
        }
        guard isWritten else { return }
        var metadata = Logger.Metadata()
        metadata["event"] = "\(event.name)"
        for field in event.fields { metadata[field.name] = "\(field.value)" }
        if leftOut > 0 { metadata["eventsLeftOut"] = "\(leftOut)" }
        logger.warning("\(event.message)", metadata: metadata)
    }

    /// How many there were of each name, those that were not written included.
    var counts: [(name: String, count: UInt64)] {
        state.withLock { $0.counts }.sorted { $0.key < $1.key }.map { (name: $0.key, count: $0.value) }
    }
}
