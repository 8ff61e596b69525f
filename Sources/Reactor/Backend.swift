package import Primitives

/// What an event loop stands on: it waits for the kernel and reports what happened to the loop's connections.
///
/// The seam is of the kind "bytes arrived, bytes were taken". The backend owns the memory that bytes arrive in and
/// calls `Connection.deliver…`; the loop and everything above never read a socket. `EpollBackend` is the one for
/// traffic; tests use one in memory, with a clock that they turn.
package protocol Backend: AnyObject {
    /// The monotonic clock.
    var now: Instant { get }

    /// The wall clock, in nanoseconds since 1970. Left out: the machine's.
    var wallClock: UInt64 { get }

    /// Waits until something happened, `wake` was called or `deadline` has come, and delivers what happened.
    func turn(until deadline: Instant, loop: EventLoop)

    /// Lets time pass, so that more arrives before the next `turn`.
    func pause(_ length: Nanoseconds)

    /// Ends the current or the next `turn` early. Callable from any thread.
    func wake()

    /// Begins to report about `connection`, as its `interest` says.
    func add(_ connection: Connection) throws(SystemError)

    /// `connection.interest` has changed.
    func interestChanged(_ connection: Connection)

    /// Offers bytes; answers how many were taken, in order, or what is broken.
    func send(_ connection: Connection, _ first: ByteView, _ second: ByteView) -> SendResult

    /// Sends FIN after what was taken.
    func shutdownOutput(_ connection: Connection)

    /// Releases the socket; with `reset` the peer sees a reset rather than an end.
    func close(_ connection: Connection, reset: Bool)

    /// A socket on its way to `address`; the connection is told when it got there.
    func connect(to address: SocketAddress, loop: EventLoop, handler: any ConnectionHandler) throws(SystemError) -> Connection

    /// Begins to accept on a listening socket.
    func add(_ acceptor: Acceptor) throws(SystemError)
    /// Accepts again, after a rest.
    func resume(_ acceptor: Acceptor)
    /// Stops accepting: what has already arrived is accepted first.
    func remove(_ acceptor: Acceptor)

    /// Begins to receive datagrams.
    func add(_ socket: DatagramSocket) throws(SystemError)
    /// Receives no more, and closes the socket.
    func remove(_ socket: DatagramSocket)
}

extension Backend {
    package var wallClock: UInt64 { Instant.wallClock }
    package func pause(_ length: Nanoseconds) {}
}

package enum SendResult {
    case taken(Int)
    case failed(SystemError)
}
