import Glibc
import Primitives
import Reactor
import ReactorTesting
import Synchronization
import Testing

/// The kernel's sockets, the loop turned by the test's own thread.
@Suite struct EpollBackendTests {
    let loop: EventLoop
    let recorder = ConnectionRecorder()

    init() throws { loop = EventLoop(index: 0, backend: try EpollBackend()) }

    private final class Alarm: TimerOwner {
        var rang = false
        func timerFired() { rang = true }
    }

    /// Turns until the condition holds; false after ten seconds.
    private func until(within limit: Nanoseconds = .seconds(10), _ condition: () -> Bool) -> Bool {
        let alarm = Alarm()
        let timer = loop.acquireTimer()
        loop.own(timer, by: alarm)
        loop.arm(timer, at: .now + limit)
        defer { loop.releaseTimer(timer) }
        while !alarm.rang {
            if condition() { return true }
            loop.turn()
        }
        return false
    }

    /// A connection that the loop has accepted, and its other end.
    private func accepted(_ address: SocketAddress = .ip(.loopback, port: 0)) throws -> (Connection, RawSocket) {
        let handle = try Socket.listen(on: address)
        let bound = try #require(address.ip == nil ? address : Socket.localAddress(handle))
        var found: Connection?
        let acceptor = Acceptor(handle: handle, address: bound, loop: loop) {
            $0.handler = recorder
            found = $0
        }
        try loop.backend.add(acceptor)
        let peer = try #require(RawSocket.connect(to: bound))
        #expect(until { found != nil })
        acceptor.close()
        return (try #require(found), peer)
    }

    @Test func bytesGoBothWays() throws {
        let (connection, peer) = try accepted()
        peer.send("ping")
        #expect(until { recorder.text == "ping" })
        "pong".withView { _ = connection.send(ByteView("<"), $0) }
        #expect(peer.receive(until: "pong") == "<pong")
        #expect(connection.peer.ip == .loopback && connection.peer.port != 0)
        connection.close()
        #expect(peer.receive() == [])
    }

    @Test func unixSockets() throws {
        let path = "/tmp/sluice-test-\(getpid())-\(UInt32.random(in: .min ... .max)).sock"
        defer { unlink(path) }
        let (connection, peer) = try accepted(.unix(path))
        peer.send("ping")
        #expect(until { recorder.text == "ping" })
        connection.send(ByteView("pong"))
        #expect(peer.receive(until: "pong") == "pong")
        peer.shutdownOutput()
        #expect(until { recorder.take().contains("ended") })
        connection.close()
        // Nobody listens on the file any more: the next one takes it over.
        let (second, _) = try accepted(.unix(path))
        second.close()
    }

    @Test func anAddressInUseIsRefusedWithItsMeaning() throws {
        var options = Socket.ListenOptions()
        options.reusePort = false
        let handle = try Socket.listen(on: .ip(.loopback, port: 0), options)
        defer { Socket.close(handle) }
        let address = try #require(Socket.localAddress(handle))
        do throws(SystemError) {
            Socket.close(try Socket.listen(on: address, options))
            Issue.record("two sockets listen on the same address")
        } catch {
            #expect(error.meaning == .addressInUse)
        }
    }

    @Test func socketsForSeveralLoopsShareAPort() throws {
        let handles = try Socket.listen(on: .ip(.loopback, port: 0), sockets: 3)
        #expect(handles.count == 3 && Set(handles.map { Socket.localAddress($0) }).count == 1)
        handles.forEach(Socket.close)
    }

    /// Four megabytes through a small buffer: everything comes, in order, and the owner hears once that it may go on.
    @Test func largeOutputIsSentInParts() throws {
        let (connection, peer) = try accepted()
        RawSocket.set(connection.handle, option: SO_SNDBUF, to: 16 << 10)
        var random = SplitMix(seed: 3)
        let bytes = (0..<4 << 20).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        let took = bytes.withView { connection.send($0) }
        #expect(!took && connection.isBackedUp)
        let read = Shared<[UInt8]>([])
        let reader = try LoopThread.start("reader") { read.set(peer.receive(exactly: 4 << 20)) }
        #expect(until { recorder.take().contains("drained") })
        reader.join()
        #expect(read.get() == bytes)
        #expect(!connection.isBackedUp && connection.lateBytes > 0)
    }

    @Test func pausedReadingStopsTheSender() throws {
        let (connection, peer) = try accepted()
        connection.isReading = false
        peer.send("waits")
        #expect(!until(within: .milliseconds(30)) { !recorder.bytes.isEmpty })
        connection.isReading = true
        #expect(until { recorder.text == "waits" })
    }

    /// Level-triggered, an end that nobody wants to read must not keep the loop awake.
    @Test(arguments: [false, true]) func aPausedConnectionWhosePeerLeavesCostsNoTurns(_ resets: Bool) throws {
        let (connection, peer) = try accepted()
        connection.keepsUnreadInput = true
        connection.isReading = false
        peer.send("the answer")
        if resets { peer.reset() } else { peer.shutdownOutput() }
        var turns = 0
        _ = until(within: .milliseconds(60)) {
            turns += 1
            return false
        }
        #expect(turns < 10, "\(turns) turns")
        #expect(recorder.take() == [])
        connection.isReading = true
        #expect(until { recorder.events.count == 2 })
        #expect(recorder.take() == ["received", resets ? "lost recv" : "ended"] && recorder.text == "the answer")
    }

    @Test func aResetIsToldToAPausedOwnerThatKeepsNothing() throws {
        let (connection, peer) = try accepted()
        connection.isReading = false
        peer.reset()
        #expect(until { !recorder.events.isEmpty })
        #expect(recorder.take() == ["lost recv"] && connection.state == .closed)
    }

    @Test func brokenOutputIsNoticedWithoutASignal() throws {
        let (connection, peer) = try accepted()
        peer.reset()
        var sends = 0
        #expect(
            until {
                sends += 1
                connection.send(ByteView("x"))
                return connection.state == .closed
            })
        #expect(recorder.take().last?.hasPrefix("lost") == true)
    }

    @Test func connecting() throws {
        let listener = try Socket.listen(on: .ip(.loopback, port: 0))
        let address = try #require(Socket.localAddress(listener))
        let connection = try loop.backend.connect(to: address, loop: loop, handler: recorder)
        connection.send(ByteView("early"))
        #expect(until { recorder.take() == ["connected"] })
        let peer = try #require(RawSocket.accept(listener))
        #expect(peer.receive(until: "early") == "early")
        Socket.close(listener)
        connection.close()
        // Nobody listens there any more.
        _ = try loop.backend.connect(to: address, loop: loop, handler: recorder)
        #expect(until { !recorder.events.isEmpty })
        #expect(recorder.take() == ["lost connect"] && recorder.error?.code == ECONNREFUSED)
    }

    @Test func whatWaitsIsAcceptedBeforeListeningEnds() throws {
        let handle = try Socket.listen(on: .ip(.loopback, port: 0))
        let address = try #require(Socket.localAddress(handle))
        var count = 0
        let acceptor = Acceptor(handle: handle, address: address, loop: loop) {
            count += 1
            $0.close()
        }
        try loop.backend.add(acceptor)
        let peers = (0..<5).map { _ in RawSocket.connect(to: address) }
        #expect(peers.allSatisfy { $0 != nil })
        acceptor.close()
        acceptor.close()
        #expect(count == 5)
        #expect(RawSocket.connect(to: address) == nil)
    }

    /// A socket that another process has too does not keep the loop awake when listening has ended here.
    @Test func aSocketThatLivesOnElsewhereIsLetGo() throws {
        let handle = try Socket.listen(on: .ip(.loopback, port: 0))
        let address = try #require(Socket.localAddress(handle))
        let copy = fcntl(handle, F_DUPFD_CLOEXEC, 3)
        defer { close(copy) }
        var count = 0
        let acceptor = Acceptor(handle: handle, address: address, loop: loop) {
            count += 1
            $0.close()
        }
        try loop.backend.add(acceptor)
        acceptor.close()
        // Waits in the queue of the copy.
        _ = try #require(RawSocket.connect(to: address))
        var turns = 0
        let isOver = until(within: .milliseconds(50)) {
            turns += 1
            return false
        }
        #expect(!isOver && count == 0)
        #expect(turns < 20)
    }

    @Test func whoSpeaksFirstIsHeardWithTheConnection() throws {
        let handle = try Socket.listen(on: .ip(.loopback, port: 0))
        let address = try #require(Socket.localAddress(handle))
        var found: Connection?
        var turns = 0
        let acceptor = Acceptor(handle: handle, address: address, loop: loop, clientSpeaksFirst: true) {
            $0.handler = recorder
            found = $0
            turns += 1
        }
        try loop.backend.add(acceptor)
        defer { acceptor.close() }
        let peer = try #require(RawSocket.connect(to: address))
        // The kernel keeps the silent for a second.
        #expect(!until(within: .milliseconds(300)) { found != nil })
        peer.send("ping")
        #expect(until { found != nil })
        #expect(turns == 1 && recorder.text == "ping")
        found?.close()
        // Whoever stays silent for longer is accepted all the same.
        found = nil
        _ = try #require(RawSocket.connect(to: address))
        #expect(until { found != nil })
        found?.close()
    }

    @Test func acceptedConnectionsSendAtOnce() throws {
        let (connection, _) = try accepted()
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        #expect(getsockopt(connection.handle, Int32(IPPROTO_TCP), TCP_NODELAY, &value, &length) == 0 && value != 0)
        connection.close()
    }

    /// A connection that epoll refuses is closed by its owner; its place must not be given away twice.
    @Test func aConnectionThatCannotBeWatchedLeavesNoTrace() throws {
        let file = open("/dev/null", O_RDONLY | O_CLOEXEC)
        let odd = Connection(loop: loop, handle: file, peer: .unix(""), connecting: false, handler: nil)
        #expect(throws: SystemError.self) { try loop.backend.add(odd) }
        odd.close()
        loop.backend.wake()
        loop.turn()
        var pair: [Int32] = [0, 0]
        var handles: [Int32] = []
        for _ in 0..<2 {
            socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0, &pair)
            handles += pair
        }
        let connections = try handles.map { handle in
            let connection = Connection(loop: loop, handle: handle, peer: .unix(""), connecting: false, handler: recorder)
            try loop.backend.add(connection)
            return connection
        }
        // What is sent on the first end of a pair is heard by the second, whoever shares a place.
        let slots = Set(connections.map(\.slot)).count
        connections.forEach { $0.close() }
        #expect(slots == 4)
    }

    @Test func aWakeUpEndsTheWait() throws {
        let loop = self.loop
        let waker = try LoopThread.start("waker") { loop.backend.wake() }
        loop.turn(wait: true)
        waker.join()
        loop.backend.wake()
        loop.turn(wait: true)
    }
}

/// A value that two threads share.
private final class Shared<Value: Sendable>: Sendable {
    private let value: Mutex<Value>
    init(_ value: Value) { self.value = Mutex(value) }
    func set(_ value: Value) { self.value.withLock { $0 = value } }
    func get() -> Value { value.withLock { $0 } }
}
