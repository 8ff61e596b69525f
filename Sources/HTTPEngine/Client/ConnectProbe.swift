package import Primitives
package import Reactor

/// Finds out whether a connection can be opened, and closes it at once.
package final class ConnectProbe: ConnectionHandler {
    private var connection: Connection?
    private var done: ((Bool) -> Void)?
    /// Keeps the probe until it is over.
    private var itself: ConnectProbe?

    /// `done` is called once, on the loop, within `timeout`. To be called on the loop.
    package static func start(_ address: SocketAddress, on loop: EventLoop, timeout: Nanoseconds, done: @escaping (Bool) -> Void) {
        let probe = ConnectProbe()
        do throws(SystemError) {
            let connection = try loop.backend.connect(to: address, loop: loop, handler: probe)
            connection.deadline = loop.now + timeout
            probe.connection = connection
            probe.done = done
            probe.itself = probe
        } catch {
            done(false)
        }
    }

    package func connected() { end(true) }
    package func received(_ bytes: ByteView) {}
    package func drained() {}
    package func inputEnded() { end(false) }
    package func lost(_ error: SystemError) { end(false) }
    package func deadlineReached() { end(false) }

    private func end(_ succeeded: Bool) {
        guard let done else { return }
        self.done = nil
        connection?.close()
        connection = nil
        itself = nil
        done(succeeded)
    }
}
