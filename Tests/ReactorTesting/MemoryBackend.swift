import Glibc
package import Primitives
package import Reactor

/// A backend whose sockets are byte pipes in memory and whose clock the test turns.
///
/// It reports as a level-triggered kernel does: what is not taken is reported again, one read a turn, writable before
/// readable, the end or the reset after the bytes that came before it.
package final class MemoryBackend: Backend {
    package static let start = Instant(nanoseconds: 1_000_000_000_000)
    package private(set) var now = start
    /// Follows the clock that the test turns, from the beginning of 2026 on, but for what it was set forward or back.
    package var wallClock: UInt64 { UInt64(bitPattern: 1_767_225_600_000_000_000 + Int64(now - MemoryBackend.start) + wallStep) }
    /// How far the wall clock was set forward, in nanoseconds.
    package var wallStep: Int64 = 0
    /// How far the clock may go by itself while nothing happens: set by `MemoryNetwork.advance`.
    var horizon = Instant(nanoseconds: 0)
    /// Counts everything that was delivered, sent or asked for: without a change of it, nothing happened.
    private(set) var activity = 0
    /// Bytes that one read brings at most.
    package var readSize = 128 << 10
    /// How connections to an address go; others are accepted at once.
    var routes: [SocketAddress: MemoryRoute] = [:]
    /// Bytes that new connections take before their peer reads.
    var capacity = 1 << 20
    /// Connections that the code under test has made, and no test has taken yet.
    var dialled: [MemoryLink] = []

    private var links: [MemoryLink] = []
    private var acceptors: [SocketAddress: Acceptor] = [:]
    private var arriving: [(MemoryLink, SocketAddress)] = []
    private var nextHandle: Int32 = 1000

    package init() {}

    /// Counts the calls of `wake`, for a test that waits for another thread to hand something over.
    let wakes = Monitor(0)

    package func wake() { wakes.withLock { $0 += 1 } }

    /// Work of the code under test takes this long.
    package func spend(_ length: Nanoseconds) { now = now + length }

    // MARK: Turning

    package func turn(until deadline: Instant, loop: EventLoop) {
        if horizon > now, !hasEvents {
            let connecting = links.compactMap { $0.isConnecting ? $0.connectsAt : nil }.min() ?? .never
            now = min(max(now, min(deadline, connecting)), horizon)
        }
        loop.turnBegan()
        acceptArrivals()
        for link in links where !link.isClosed { deliver(link) }
        links.removeAll { $0.isClosed }
    }

    private var hasEvents: Bool { !arriving.isEmpty || links.contains { $0.hasEvent(now) } }

    private func acceptArrivals() {
        let all = arriving
        arriving = []
        for (link, address) in all {
            guard let acceptor = acceptors[address], let peer = link.peerAddress else { continue }
            activity += 1
            guard let connection = acceptor.connection(link.handle, peer) else {
                (link.isClosed, link.wasReset) = (true, true)
                continue
            }
            link.connection = connection
            links.append(link)
            acceptor.accepted(connection)
        }
    }

    private func deliver(_ link: MemoryLink) {
        guard link.hasEvent(now), let connection = link.connection else { return }
        activity += 1
        if link.isConnecting {
            link.isConnecting = false
            if let code = link.connectFailure { return connection.deliverFailure(SystemError("connect", code: code)) }
            return connection.deliverWritable()
        }
        if connection.interest.contains(.write), link.isWritable { connection.deliverWritable() }
        guard !link.isClosed, link.hasInput else { return }
        guard connection.interest.contains(.read) else {
            if link.resetByPeer != nil { connection.deliverFailure(SystemError("recv", code: ECONNRESET)) }
            return
        }
        if !link.toGateway.isEmpty {
            let count = min(readSize, link.toGateway.count)
            let bytes = Array(link.toGateway.prefix(count))
            link.toGateway.removeFirst(count)
            bytes.withView { connection.deliver($0) }
        } else if let code = link.resetByPeer {
            connection.deliverFailure(SystemError("recv", code: code))
        } else {
            connection.deliverEnd()
        }
    }

    // MARK: Connections

    package func add(_ connection: Connection) throws(SystemError) {}
    package func interestChanged(_ connection: Connection) { activity += 1 }

    package func send(_ connection: Connection, _ first: ByteView, _ second: ByteView) -> SendResult {
        activity += 1
        guard let link = link(connection) else { return .failed(SystemError("send", code: EBADF)) }
        link.sends += 1
        if link.isOutputBroken { return .failed(SystemError("send", code: EPIPE)) }
        let count = max(0, min(link.capacity - link.toPeer.count, first.count + second.count))
        link.toPeer += first.prefix(count).array
        if count > first.count { link.toPeer += second.prefix(count - first.count).array }
        return .taken(count)
    }

    package func shutdownOutput(_ connection: Connection) {
        activity += 1
        link(connection)?.isOutputEnded = true
    }

    package func close(_ connection: Connection, reset: Bool) {
        activity += 1
        guard let link = link(connection) else { return }
        // Closing with unread input resets, as Linux does.
        link.wasReset = reset || !link.toGateway.isEmpty
        link.isClosed = true
        link.isOutputEnded = true
        link.connection = nil
    }

    package func connect(
        to address: SocketAddress, loop: EventLoop, handler: any ConnectionHandler
    ) throws(SystemError) -> Connection {
        let route = routes[address] ?? MemoryRoute()
        if let code = route.refusesAtOnce { throw SystemError("connect", code: code) }
        activity += 1
        let link = newLink(peer: nil)
        link.dialled = address
        link.isConnecting = true
        link.connectsAt = now + route.delay
        link.connectFailure = route.failure
        link.capacity = route.capacity ?? capacity
        let connection = Connection(loop: loop, handle: link.handle, peer: address, connecting: true, handler: handler)
        link.connection = connection
        links.append(link)
        dialled.append(link)
        return connection
    }

    package func add(_ acceptor: Acceptor) throws(SystemError) { acceptors[acceptor.address] = acceptor }

    package func resume(_ acceptor: Acceptor) {}

    package func remove(_ acceptor: Acceptor) {
        acceptArrivals()
        acceptors[acceptor.address] = nil
    }

    func isListening(on address: SocketAddress) -> Bool { acceptors[address] != nil }

    // MARK: Links

    func newLink(peer: SocketAddress?) -> MemoryLink {
        nextHandle += 1
        return MemoryLink(handle: nextHandle, capacity: capacity, peer: peer)
    }

    func arrive(_ link: MemoryLink, at address: SocketAddress) { arriving.append((link, address)) }
    func attach(_ link: MemoryLink) { links.append(link) }

    private func link(_ connection: Connection) -> MemoryLink? { links.first { $0.connection === connection } }
}

/// What happens to connections that are made to an address.
package struct MemoryRoute {
    /// Until the connection is there, or has failed.
    package var delay: Nanoseconds = 0
    /// The error with which connecting fails.
    package var failure: Int32?
    /// The error that `connect` itself answers with.
    package var refusesAtOnce: Int32?
    /// Bytes that the peer's end takes before it reads.
    package var capacity: Int?
    package init(delay: Nanoseconds = 0, failure: Int32? = nil, refusesAtOnce: Int32? = nil, capacity: Int? = nil) {
        self.delay = delay
        self.failure = failure
        self.refusesAtOnce = refusesAtOnce
        self.capacity = capacity
    }

    package static let refused = MemoryRoute(failure: ECONNREFUSED)
    /// Nobody ever answers.
    package static let silent = MemoryRoute(delay: .max)
}
