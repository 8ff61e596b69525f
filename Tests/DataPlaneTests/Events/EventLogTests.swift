import Logging
import PolicyKit
import Synchronization
import Testing

@testable import DataPlane

@Suite struct EventLogTests {
    private final class Lines: Sendable {
        let lines = Mutex<[String]>([])
    }

    private struct Handler: LogHandler {
        let lines: Lines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
        func log(event: LogEvent) {
            let fields = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
            lines.lines.withLock { $0.append("\(event.message)\(fields)") }
        }
    }

    /// All are counted; those of which there are too many in a second are not written, and the next line says how many.
    @Test func linesAreLimited() {
        let lines = Lines(), second = Mutex<UInt64>(1)
        let log = EventLog(logger: Logger(label: "test") { _ in Handler(lines: lines) }, wall: { second.withLock { $0 } * 1_000_000_000 })
        for _ in 0..<50 { log.post(Event("a", "It happens.", [Event.Field("key", "k")])) }
        #expect(lines.lines.withLock { $0 } == Array(repeating: "It happens. event=a key=k", count: 20))
        second.withLock { $0 = 2 }
        log.post(Event("b", "Something else."))
        log.post(Event("b", "Something else."))
        #expect(lines.lines.withLock { Array($0.suffix(2)) } == ["Something else. event=b eventsLeftOut=30", "Something else. event=b"])
        #expect(log.counts.map { "\($0.name) \($0.count)" } == ["a 50", "b 2"])
    }
}
