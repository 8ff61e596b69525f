/// A listening socket of one event loop, and what to do with the connections that it accepts.
package final class Acceptor: TimerOwner {
    package let handle: Int32
    package let address: SocketAddress
    package var slot = -1
    package let loop: EventLoop
    /// The client says something before it is answered: whoever has said nothing yet is left to the kernel for a second, and what
    /// was said is read together with the connection.
    package let clientSpeaksFirst: Bool
    /// Called on the loop with each new connection; it sets the connection's handler.
    package let accepted: (Connection) -> Void
    /// Whether somebody comes in; nil: everybody does.
    package var gate: ((SocketAddress) -> ConnectionEntry)?
    /// Times that the process ran out of descriptors or memory for a connection.
    package private(set) var exhaustions: UInt64 = 0
    /// Most connections that were accepted in the turn in which somebody last came, and that turn's number.
    var burst = 1
    var lastTurn = -2
    private var timer: TimerWheel.ID?

    package init(
        handle: Int32, address: SocketAddress, loop: EventLoop, clientSpeaksFirst: Bool = false, accepted: @escaping (Connection) -> Void
    ) {
        self.handle = handle
        self.address = address
        self.loop = loop
        self.clientSpeaksFirst = clientSpeaksFirst
        self.accepted = accepted
    }

    /// Makes a connection of a socket that was accepted; nil: its peer does not come in, and the socket is to be closed.
    package func connection(_ handle: Int32, _ peer: SocketAddress) -> Connection? {
        let entry = gate?(peer) ?? .uncounted
        if case .refused = entry { return nil }
        let connection = Connection(loop: loop, handle: handle, peer: peer, connecting: false, handler: nil)
        if case .counted(let ticket) = entry { connection.ticket = ticket }
        return connection
    }

    package func close() {
        if let timer { loop.releaseTimer(timer) }
        timer = nil
        loop.backend.remove(self)
    }

    /// Accepts nothing for a while; those who connect wait in the kernel's queue.
    package func rest(for length: Nanoseconds) {
        exhaustions += 1
        let timer = self.timer ?? loop.acquireTimer()
        self.timer = timer
        loop.own(timer, by: self)
        loop.arm(timer, at: loop.now + length)
    }

    package func timerFired() { loop.backend.resume(self) }
}
