/// A listening socket of one event loop, and what to do with the connections that it accepts.
package final class Acceptor {
    package let handle: Int32
    package let address: SocketAddress
    package var slot = -1
    package let loop: EventLoop
    /// Called on the loop with each new connection; it sets the connection's handler.
    package let accepted: (Connection) -> Void

    package init(handle: Int32, address: SocketAddress, loop: EventLoop, accepted: @escaping (Connection) -> Void) {
        self.handle = handle
        self.address = address
        self.loop = loop
        self.accepted = accepted
    }

    package func close() { loop.backend.remove(self) }
}
