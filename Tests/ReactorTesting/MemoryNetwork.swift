import Primitives
package import Reactor

/// One event loop over memory, and the other ends of its connections.
package final class MemoryNetwork {
    package let backend = MemoryBackend()
    package let loop: EventLoop

    package init(index: Int = 0) { loop = EventLoop(index: index, backend: backend) }

    /// Addresses of documentation (RFC 5737), each with a port.
    package static func address(_ last: UInt32, port: UInt16 = 80) -> SocketAddress {
        .ip(IPAddress(v4: 0xc000_0200 | last), port: port)
    }

    package static let client = SocketAddress.ip(IPAddress(v4: 0xc633_6407), port: 40_000)

    // MARK: Making connections

    /// A client connects to what listens on `address`.
    package func connect(to address: SocketAddress, from peer: SocketAddress = client, capacity: Int? = nil) -> TestPeer {
        let link = backend.newLink(peer: peer)
        if let capacity { link.capacity = capacity }
        backend.arrive(link, at: address)
        return TestPeer(link)
    }

    /// A connection that is there already, for a handler of the test's own.
    package func pair(_ handler: any ConnectionHandler, capacity: Int = 1 << 20) -> (Connection, TestPeer) {
        let link = backend.newLink(peer: MemoryNetwork.client)
        link.capacity = capacity
        let connection = Connection(
            loop: loop, handle: link.handle, peer: MemoryNetwork.client, connecting: false, handler: handler)
        link.connection = connection
        backend.attach(link)
        return (connection, TestPeer(link))
    }

    /// The oldest connection that the code under test has made and that was not taken yet.
    package func dialled() -> TestPeer? { backend.dialled.isEmpty ? nil : TestPeer(backend.dialled.removeFirst()) }

    /// How connections to `address` go from now on.
    package func route(_ address: SocketAddress, _ route: MemoryRoute) { backend.routes[address] = route }

    package func isListening(on address: SocketAddress) -> Bool { backend.isListening(on: address) }

    // MARK: Other threads

    /// Settles until `isDone`, waiting in between for other threads to hand the loop something: answers, parts of tasks.
    /// False: ten seconds of the machine's clock have passed first.
    package func settle(until isDone: () -> Bool) -> Bool {
        let deadline = Instant.now + .seconds(10)
        while true {
            let seen = backend.wakes.withLock { $0 }
            settle()
            if isDone() { return true }
            let isWoken = backend.wakes.next { wakes -> Monitor<Int>.Step<Bool> in
                wakes != seen ? .done(true) : Instant.now >= deadline ? .done(false) : .wait(until: deadline)
            }
            guard isWoken == true else { return false }
        }
    }

    // MARK: Time

    package var now: Instant { backend.now }

    /// One round at the present time.
    package func turn() { loop.turn(wait: false) }

    /// Turns at the present time until nothing happens any more.
    package func settle() {
        var quiet = 0
        for _ in 0..<100_000 {
            let before = backend.activity
            turn()
            quiet = backend.activity == before && !loop.hasMail ? quiet + 1 : 0
            if quiet == 3 { return }
        }
        preconditionFailure("the loop never comes to rest: something is reported for ever")
    }

    /// Turns the clock forward, stopping at each timer on the way, and lets everything happen that it causes.
    package func advance(_ length: Nanoseconds) {
        settle()
        let target = backend.now + length
        backend.horizon = target
        while backend.now < target { loop.turn() }
        backend.horizon = Instant(nanoseconds: 0)
        settle()
    }
}
