import Primitives
import Reactor

/// A backend without sockets whose clock the test turns.
final class ManualBackend: Backend {
    var now = Instant(nanoseconds: 5_000_000_000)

    func turn(until deadline: Instant, loop: EventLoop) { loop.turnBegan() }
    func wake() {}
    func add(_ connection: Connection) throws(SystemError) {}
    func interestChanged(_ connection: Connection) {}
    func send(_ connection: Connection, _ first: ByteView, _ second: ByteView) -> SendResult { .taken(0) }
    func shutdownOutput(_ connection: Connection) {}
    func close(_ connection: Connection, reset: Bool) {}
    func connect(to address: SocketAddress, loop: EventLoop, handler: any ConnectionHandler) throws(SystemError) -> Connection {
        throw SystemError("connect", code: 1)
    }
    func add(_ acceptor: Acceptor) throws(SystemError) {}
    func resume(_ acceptor: Acceptor) {}
    func remove(_ acceptor: Acceptor) {}
}
