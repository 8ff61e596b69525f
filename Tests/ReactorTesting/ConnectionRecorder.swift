package import Primitives
package import Reactor

/// Notes what a connection tells its owner.
package final class ConnectionRecorder: ConnectionHandler {
    /// `connected`, `received`, `drained`, `ended`, `lost <operation>`, `deadline`; bytes go to `bytes`.
    package private(set) var events: [String] = []
    package var bytes: [UInt8] = []
    package var error: SystemError?
    /// Done with each event, after it is noted.
    package var then: ((String) -> Void)?

    package init() {}

    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The events since the last call.
    package func take() -> [String] {
        defer { events = [] }
        return events
    }

    private func note(_ event: String) {
        if event != "received" || events.last != "received" { events.append(event) }
        then?(event)
    }

    package func connected() { note("connected") }
    package func received(_ bytes: ByteView) {
        self.bytes += bytes.array
        note("received")
    }
    package func drained() { note("drained") }
    package func inputEnded() { note("ended") }
    package func lost(_ error: SystemError) {
        self.error = error
        note("lost \(error.operation)")
    }
    package func deadlineReached() { note("deadline") }
}
