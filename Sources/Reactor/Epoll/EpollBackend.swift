private import CLinux
private import Glibc
package import Primitives

/// Level-triggered epoll. Two system calls an event at most: the wait, and one read; interest in writing only while
/// something waits to be written; the loop's one read buffer for all connections.
@safe
package final class EpollBackend: Backend {
    private let epoll: Int32
    private let wakeUp: Int32
    private var slots: ContiguousArray<Slot> = []
    private var free: ContiguousArray<Int> = []
    /// Slots closed during this turn: not reused before its end, because events of this turn may still name them.
    private var closing: ContiguousArray<Int> = []
    private let events: UnsafeMutablePointer<epoll_event>
    private let readBuffer: UnsafeMutableRawPointer

    private var turns = 0

    private let noSignal = Int32(MSG_NOSIGNAL)
    private static let eventCount = 512
    private static let readSize = 128 << 10
    private static let mostAccepts = 64
    /// Datagrams of one socket that are delivered in a turn, so that others get theirs.
    private static let mostDatagrams = 128

    private enum Slot {
        case free
        case connection(Connection)
        case acceptor(Acceptor)
        case datagrams(DatagramSocket)
    }

    package init() throws(SystemError) {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw SystemError("epoll_create1") }
        wakeUp = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
        guard wakeUp >= 0 else { throw SystemError("eventfd") }
        unsafe events = .allocate(capacity: EpollBackend.eventCount)
        unsafe readBuffer = .allocate(byteCount: EpollBackend.readSize, alignment: 4096)
        guard control(EPOLL_CTL_ADD, wakeUp, EPOLLIN.rawValue, .max) else { throw SystemError("epoll_ctl") }
    }

    deinit {
        unsafe events.deallocate()
        unsafe readBuffer.deallocate()
        Glibc.close(epoll)
        Glibc.close(wakeUp)
    }

    package var now: Instant { .now }

    package func pause(_ length: Nanoseconds) { Instant.pass(length) }

    package func wake() { eventfd_write(wakeUp, 1) }

    // MARK: Waiting

    package func turn(until deadline: Instant, loop: EventLoop) {
        let count = unsafe epoll_wait(epoll, events, Int32(EpollBackend.eventCount), timeout(until: deadline))
        loop.turnBegan()
        turns &+= 1
        guard count > 0 else { return }
        for i in 0..<Int(count) {
            let flags = unsafe events[i].events, tag = unsafe events[i].data.u64
            guard tag != .max else {
                var value: eventfd_t = 0
                unsafe eventfd_read(wakeUp, &value)
                continue
            }
            switch slots[Int(tag)] {
            case .connection(let connection): deliver(flags, to: connection)
            case .acceptor(let acceptor): accept(acceptor)
            case .datagrams(let socket): receive(socket)
            case .free: break
            }
        }
        if !closing.isEmpty {
            free.append(contentsOf: closing)
            closing.removeAll(keepingCapacity: true)
        }
    }

    /// Milliseconds for `epoll_wait`, rounded up so that a timer is not asked for too early.
    private func timeout(until deadline: Instant) -> Int32 {
        if deadline == .never { return -1 }
        let wait = deadline - now
        return Int32(min((wait + 999_999) / 1_000_000, 60_000))
    }

    private func deliver(_ flags: UInt32, to connection: Connection) {
        if connection.state == .connecting { return finishConnect(connection) }
        if flags & (EPOLLOUT.rawValue) != 0 { connection.deliverWritable() }
        // Once closed, its descriptor may be another connection's.
        guard connection.state != .closed else { return }
        if flags & (EPOLLIN.rawValue | EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 {
            if connection.interest.contains(.read) {
                read(connection)
            } else if flags & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 {
                // Nobody reads, so nobody else would notice.
                if connection.keepsUnreadInput { return mute(connection) }
                connection.deliverFailure(SystemError("recv", code: pendingError(connection)))
            } else if flags & EPOLLRDHUP.rawValue != 0, connection.interest.contains(.hangUp) {
                muteHangUp(connection)
            }
        }
    }

    private func read(_ connection: Connection) {
        guard connection.state == .open || connection.state == .lingering else { return }
        let count = unsafe recv(connection.handle, readBuffer, EpollBackend.readSize, 0)
        if count > 0 {
            connection.deliver(unsafe ByteView(UnsafeRawBufferPointer(start: readBuffer, count: count)))
        } else if count == 0 {
            connection.deliverEnd()
        } else if errno != EAGAIN, errno != EINTR {
            connection.deliverFailure(SystemError("recv"))
        }
    }

    private func finishConnect(_ connection: Connection) {
        let code = pendingError(connection, none: 0)
        if code == 0 { connection.deliverWritable() } else { connection.deliverFailure(SystemError("connect", code: code)) }
    }

    private func pendingError(_ connection: Connection, none: Int32 = ECONNRESET) -> Int32 {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        unsafe getsockopt(connection.handle, SOL_SOCKET, SO_ERROR, &code, &length)
        return code == 0 ? none : code
    }

    // MARK: Interest

    package func add(_ connection: Connection) throws(SystemError) {
        connection.slot = takeSlot(.connection(connection))
        guard control(EPOLL_CTL_ADD, connection.handle, connection.interest, slot: connection.slot) else {
            // Whoever asked closes the connection, and with it the slot.
            throw SystemError("epoll_ctl")
        }
    }

    package func interestChanged(_ connection: Connection) {
        let operation = connection.isMuted ? EPOLL_CTL_ADD : EPOLL_CTL_MOD
        connection.isMuted = false
        _ = control(operation, connection.handle, connection.interest, slot: connection.slot)
    }

    /// The peer has ended its input while reading is paused. Level-triggered, the kernel would say so for ever; the
    /// end is seen when reading resumes.
    /// The peer is gone while reading is paused, and what it sent is still wanted. The kernel would report that for
    /// ever, so the socket leaves the set until reading resumes.
    private func mute(_ connection: Connection) {
        _ = control(EPOLL_CTL_DEL, connection.handle, [], slot: connection.slot)
        connection.isMuted = true
    }

    private func muteHangUp(_ connection: Connection) {
        _ = control(EPOLL_CTL_MOD, connection.handle, connection.interest.subtracting(.hangUp), slot: connection.slot)
    }

    private func control(_ operation: Int32, _ handle: Int32, _ interest: Connection.Interest, slot: Int) -> Bool {
        var flags: UInt32 = 0
        if interest.contains(.read) { flags |= EPOLLIN.rawValue | EPOLLRDHUP.rawValue }
        if interest.contains(.write) { flags |= EPOLLOUT.rawValue }
        if interest.contains(.hangUp) { flags |= EPOLLRDHUP.rawValue }
        return control(operation, handle, flags, UInt64(slot))
    }

    private func control(_ operation: Int32, _ handle: Int32, _ flags: UInt32, _ tag: UInt64) -> Bool {
        var event = unsafe epoll_event()
        unsafe event.events = flags
        unsafe event.data.u64 = tag
        return unsafe epoll_ctl(epoll, operation, handle, &event) == 0
    }

    private func takeSlot(_ content: Slot) -> Int {
        if let slot = free.popLast() {
            slots[slot] = content
            return slot
        }
        slots.append(content)
        return slots.count - 1
    }

    private func releaseSlot(_ slot: Int) {
        guard slots.indices.contains(slot) else { return }
        slots[slot] = .free
        closing.append(slot)
    }

    // MARK: Sending and closing

    package func send(_ connection: Connection, _ first: ByteView, _ second: ByteView) -> SendResult {
        var count: Int
        if second.isEmpty {
            count = unsafe Glibc.send(connection.handle, first.buffer.baseAddress, first.count, noSignal)
        } else if first.isEmpty {
            count = unsafe Glibc.send(connection.handle, second.buffer.baseAddress, second.count, noSignal)
        } else {
            count = sendTwo(connection.handle, first, second)
        }
        if count >= 0 { return .taken(count) }
        return errno == EAGAIN || errno == EINTR || errno == ENOBUFS ? .taken(0) : .failed(SystemError("send"))
    }

    private func sendTwo(_ handle: Int32, _ first: ByteView, _ second: ByteView) -> Int {
        unsafe withUnsafeTemporaryAllocation(of: iovec.self, capacity: 2) { vectors in
            unsafe vectors[0] = iovec(iov_base: UnsafeMutableRawPointer(mutating: first.buffer.baseAddress), iov_len: first.count)
            unsafe vectors[1] = iovec(iov_base: UnsafeMutableRawPointer(mutating: second.buffer.baseAddress), iov_len: second.count)
            var message = unsafe msghdr()
            unsafe message.msg_iov = vectors.baseAddress
            unsafe message.msg_iovlen = 2
            return unsafe sendmsg(handle, &message, noSignal)
        }
    }

    package func shutdownOutput(_ connection: Connection) { Glibc.shutdown(connection.handle, Int32(SHUT_WR)) }

    package func close(_ connection: Connection, reset: Bool) {
        if reset { resetOnClose(connection.handle) }
        Glibc.close(connection.handle)
        releaseSlot(connection.slot)
    }

    /// Closing will be a reset.
    private func resetOnClose(_ handle: Int32) {
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(handle, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    }

    // MARK: Connecting and accepting

    package func connect(
        to address: SocketAddress, loop: EventLoop, handler: any ConnectionHandler
    ) throws(SystemError) -> Connection {
        let handle = try Socket.connect(to: address)
        let connection = Connection(loop: loop, handle: handle, peer: address, connecting: true, handler: handler)
        do throws(SystemError) {
            try add(connection)
        } catch {
            connection.close()
            throw error
        }
        return connection
    }

    package func add(_ acceptor: Acceptor) throws(SystemError) {
        Socket.prepare(acceptor.handle, clientSpeaksFirst: acceptor.clientSpeaksFirst)
        acceptor.slot = takeSlot(.acceptor(acceptor))
        guard control(EPOLL_CTL_ADD, acceptor.handle, EPOLLIN.rawValue, UInt64(acceptor.slot)) else { throw SystemError("epoll_ctl") }
    }

    package func remove(_ acceptor: Acceptor) {
        guard acceptor.slot >= 0 else { return }
        while accept(acceptor) {}
        // The socket may live on with another descriptor, of this process or of its successor, and would go on being reported.
        _ = control(EPOLL_CTL_DEL, acceptor.handle, 0, 0)
        Glibc.close(acceptor.handle)
        releaseSlot(acceptor.slot)
        acceptor.slot = -1
    }

    /// Stops listening for a moment. Level-triggered, a queue that can't be emptied would keep the loop spinning.
    private func rest(_ acceptor: Acceptor) {
        guard acceptor.slot >= 0 else { return }
        _ = control(EPOLL_CTL_MOD, acceptor.handle, 0, UInt64(acceptor.slot))
        acceptor.rest(for: .milliseconds(100))
    }

    package func resume(_ acceptor: Acceptor) {
        guard acceptor.slot >= 0 else { return }
        _ = control(EPOLL_CTL_MOD, acceptor.handle, EPOLLIN.rawValue, UInt64(acceptor.slot))
    }

    /// Accepts what has arrived, up to a bound so that others get their turn; true when there may be more.
    ///
    /// A client that comes alone needs no second call to find out that it does. When clients come turn after turn, the bound
    /// grows, so that a crowd need not wait for as many turns as there are heads.
    @discardableResult private func accept(_ acceptor: Acceptor) -> Bool {
        let burst = acceptor.lastTurn == turns &- 1 ? min(2 * acceptor.burst, EpollBackend.mostAccepts) : 1
        acceptor.lastTurn = turns
        acceptor.burst = burst
        for _ in 0..<burst {
            let handle: Int32, peer: SocketAddress
            switch Socket.accept(acceptor.handle) {
            case .connection(let accepted, let address): (handle, peer) = (accepted, address)
            case .nobody: return false
            case .exhausted:
                rest(acceptor)
                return false
            }
            guard let connection = acceptor.connection(handle, peer) else {
                resetOnClose(handle)
                Glibc.close(handle)
                continue
            }
            do throws(SystemError) {
                try add(connection)
                acceptor.accepted(connection)
                if acceptor.clientSpeaksFirst, connection.interest.contains(.read) { read(connection) }
            } catch {
                connection.close()
            }
        }
        return true
    }

    // MARK: Datagrams

    package func add(_ socket: DatagramSocket) throws(SystemError) {
        socket.slot = takeSlot(.datagrams(socket))
        guard control(EPOLL_CTL_ADD, socket.handle, EPOLLIN.rawValue, UInt64(socket.slot)) else {
            let error = SystemError("epoll_ctl")
            releaseSlot(socket.slot)
            socket.slot = -1
            throw error
        }
    }

    package func remove(_ socket: DatagramSocket) {
        guard socket.slot >= 0 else { return }
        Glibc.close(socket.handle)
        releaseSlot(socket.slot)
        socket.slot = -1
    }

    /// An error, such as that nobody listens where a datagram was sent, is no end: the next one may arrive.
    private func receive(_ socket: DatagramSocket) {
        for _ in 0..<EpollBackend.mostDatagrams where socket.slot >= 0 {
            let count = unsafe recv(socket.handle, readBuffer, EpollBackend.readSize, 0)
            if count < 0, errno == EAGAIN { return }
            guard count >= 0 else { continue }
            socket.received(unsafe ByteView(UnsafeRawBufferPointer(start: readBuffer, count: count)))
        }
    }
}
