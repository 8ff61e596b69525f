package import Primitives

/// What a connection tells its owner, always on the connection's event loop.
package protocol ConnectionHandler: AnyObject {
    /// The connection that was asked for is there.
    func connected()
    /// Bytes arrived. The view is valid during the call.
    func received(_ bytes: ByteView)
    /// Everything that `send` could not hand over at once has been taken.
    func drained()
    /// The peer will send no more.
    func inputEnded()
    /// The connection is gone: failed to open, reset, or broken while sending. Never called after `close`.
    func lost(_ error: SystemError)
    /// The deadline has come; it is not armed any more.
    func deadlineReached()
}

/// One stream socket on one event loop.
///
/// Sending never blocks and never fails in the caller's face: what the kernel does not take is kept and sent when it
/// does, and the caller is told to stop until `drained`. Everything is confined to the loop's thread.
package final class Connection {
    package let loop: EventLoop
    /// The backend's name for the socket: a descriptor.
    package let handle: Int32
    package let peer: SocketAddress
    package var handler: (any ConnectionHandler)?
    /// By which somebody counts the connection; given back when it is closed.
    package var ticket: ConnectionTicket?
    /// What lies between the socket and the handler; nil for plain sockets. Set before the first byte that is the layer's,
    /// and never changed: the handler is told of `connected` when the handshake is done, on both sides.
    package var layer: (any ConnectionLayer)?

    /// Where the backend keeps this connection.
    package var slot = -1
    /// Whether the backend has stopped to report anything, until `interest` changes.
    package var isMuted = false
    package private(set) var interest: Interest = .read
    package private(set) var state: State
    private var pending: ByteBuffer?
    /// What waits for the end of the layer's handshake.
    var handshake: HandshakeStore?
    private let timer: TimerWheel.ID
    /// What has arrived is read to the end even when the peer has reset the connection: an answer may be in it.
    package var keepsUnreadInput = false
    /// Bytes that were taken late: tells a slow peer from a dead one.
    package private(set) var lateBytes = 0
    private var lateBytesSeen = 0
    private var outputIsBroken = false
    /// The peer has sent its FIN.
    package private(set) var inputHasEnded = false
    private var wantsInput = true
    var closesWhenDrained = false
    /// The layer has told the peer that nothing follows.
    var saidGoodbye = false
    /// The peer has ended its input without saying so in the layer: what came may lack its end (RFC 8446 §6.1).
    package internal(set) var inputWasCut = false
    /// When a lingering connection stops to swallow input, however much still comes.
    private var lingerEnds = Instant.never

    package enum State: UInt8 { case connecting, open, lingering, closed }

    /// What the backend is to watch for.
    package struct Interest: OptionSet {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        package static let read = Interest(rawValue: 1)
        package static let write = Interest(rawValue: 2)
        /// The peer's end of input only, while reading is paused.
        package static let hangUp = Interest(rawValue: 4)
    }

    package init(
        loop: EventLoop, handle: Int32, peer: SocketAddress, connecting: Bool, handler: (any ConnectionHandler)?
    ) {
        self.loop = loop
        self.handle = handle
        self.peer = peer
        self.handler = handler
        state = connecting ? .connecting : .open
        interest = connecting ? .write : .read
        timer = loop.acquireTimer()
        loop.own(timer, by: self)
    }

    package var isOpen: Bool { state == .open || state == .connecting }

    /// Whether bytes wait for the kernel to take them.
    package var isBackedUp: Bool { hasPending || handshake?.output != nil }

    /// Whether the kernel has not taken all that it was offered.
    private var hasPending: Bool { !(pending?.isEmpty ?? true) }

    /// When `deadlineReached` is called; `.never` for not at all. Moving it to later costs one store.
    package var deadline: Instant {
        get { state == .closed ? .never : loop.deadline(of: timer) }
        // Once closed, the timer may be another connection's.
        set { if state != .closed { loop.arm(timer, at: newValue) } }
    }

    // MARK: Sending

    /// Sends both views, in order and in one system call. False: the kernel did not take all; send no more until
    /// `drained`, or memory grows.
    @discardableResult
    package func send(_ first: ByteView, _ second: ByteView = ByteView()) -> Bool {
        if let layer { return send(first, second, through: layer) }
        return sendRaw(first, second)
    }

    /// Sends bytes as they are.
    func sendRaw(_ first: ByteView, _ second: ByteView) -> Bool {
        guard state == .open else {
            if state == .connecting { keep(first, second) }
            return state != .connecting
        }
        if hasPending {
            keep(first, second)
            return false
        }
        if outputIsBroken { return true }
        let total = first.count + second.count
        guard total > 0 else { return true }
        switch loop.backend.send(self, first, second) {
        case .taken(total): return true
        case .taken(let n):
            keep(first.dropFirst(n), second.dropFirst(max(0, n - first.count)))
            update()
            return false
        case .failed(let error):
            breakOutput(error)
            return true
        }
    }

    private func keep(_ first: ByteView, _ second: ByteView) {
        let pending = pending ?? loop.takeBuffer()
        pending.append(first)
        pending.append(second)
        self.pending = pending
    }

    /// A send failed. What the peer sent before it left can still be read, and reading tells the handler of the end;
    /// where nobody reads, the end of the turn does, rather than the middle of what the handler is doing.
    func breakOutput(_ error: SystemError) {
        outputIsBroken = true
        dropPending()
        if keepsUnreadInput, !inputHasEnded { return }
        loop.atEndOfTurn { [self] in deliverFailure(error) }
    }

    // MARK: Reading

    /// Stops or resumes the delivery of bytes.
    package var isReading: Bool {
        get { wantsInput }
        set {
            guard wantsInput != newValue else { return }
            wantsInput = newValue
            update()
        }
    }

    private func update() {
        var wanted: Interest = []
        switch state {
        case .connecting: wanted = .write
        case .open:
            if !inputHasEnded { wanted.insert(wantsInput ? .read : .hangUp) }
            if hasPending { wanted.insert(.write) }
        case .lingering:
            if !inputHasEnded { wanted.insert(.read) }
            if hasPending { wanted.insert(.write) }
        case .closed: return
        }
        guard wanted != interest else { return }
        interest = wanted
        loop.backend.interestChanged(self)
    }

    // MARK: Closing

    /// Sends FIN after everything that was sent; reading goes on.
    package func shutdownOutput() {
        guard state == .open else { return }
        // Early bytes of a connection whose handshake is not done wait for it, and the end waits with them.
        if layer?.isReady == false {
            closesWhenDrained = true
            return
        }
        sayGoodbye()
        if isBackedUp { closesWhenDrained = true } else { loop.backend.shutdownOutput(self) }
    }

    /// Closes now. Bytes not yet taken are lost; with `reset` the peer sees that.
    package func close(reset: Bool = false) {
        guard state != .closed else { return }
        if !reset, state == .open, !hasPending { sayGoodbye() }
        release(reset: reset)
    }

    /// Closes so that the peer surely reads what was sent (RFC 9112 §9.6): send the rest, FIN, then swallow input
    /// for a while, because closing with unread input would reset the connection and destroy the answer.
    package func closeGracefully() {
        guard state == .open else { return close() }
        sayGoodbye()
        dropHandshake()
        if inputHasEnded, !isBackedUp { return close() }
        state = .lingering
        loop.lingering += 1
        handler = nil
        lingerEnds = loop.now + .seconds(30)
        if isBackedUp { closesWhenDrained = true } else { loop.backend.shutdownOutput(self) }
        setLingerDeadline()
        update()
    }

    /// With output left, as long as the peer takes some of it; then long enough for its FIN.
    private func setLingerDeadline() {
        lateBytesSeen = lateBytes
        deadline = isBackedUp ? loop.now + .seconds(30) : min(loop.now + .seconds(2), max(loop.now, lingerEnds))
    }

    private func release(reset: Bool) {
        if state == .lingering { loop.lingering -= 1 }
        state = .closed
        dropPending()
        loop.releaseTimer(timer)
        loop.backend.close(self, reset: reset)
        handler = nil
        if let ticket { ticket.issuer.returned(ticket.address) }
        ticket = nil
    }

    private func dropPending() {
        if let pending { loop.giveBack(pending) }
        pending = nil
        dropHandshake()
    }

    // MARK: Called by the backend

    package func deliver(_ bytes: ByteView) {
        loop.discardForgottenOutput()
        switch state {
        case .open:
            guard let layer else {
                handler?.received(bytes)
                return
            }
            if layer.isReady { open(bytes, layer) } else { keepForHandshake(bytes) }
        case .lingering:
            // The peer is still sending: it has not read the answer yet. Closing now would reset the connection under it.
            if loop.now >= lingerEnds { close() } else if !isBackedUp { setLingerDeadline() }
        default: break
        }
    }

    package func deliverEnd() {
        guard !inputHasEnded else { return }
        loop.discardForgottenOutput()
        if let layer { endInput(through: layer) } else { endInput() }
    }

    /// Tells the handler that nothing follows.
    func endInput() {
        guard !inputHasEnded else { return }
        inputHasEnded = true
        if state == .lingering {
            if !isBackedUp { close() } else { update() }
            return
        }
        update()
        handler?.inputEnded()
    }

    package func deliverWritable() {
        loop.discardForgottenOutput()
        if state == .connecting {
            state = .open
            if let layer {
                beginHandshake(layer)
                return update()
            }
            flushPending()
            update()
            handler?.connected()
            return
        }
        guard flushPending() else { return }
        update()
        if closesWhenDrained, layer?.isReady != false || state == .lingering {
            closesWhenDrained = false
            loop.backend.shutdownOutput(self)
            if state == .lingering {
                if inputHasEnded { return close() }
                setLingerDeadline()
            }
        }
        // Before the end of a handshake, what the owner has sent still waits.
        if state == .open, !isBackedUp, layer?.isReady != false { handler?.drained() }
    }

    /// True when nothing is left to send.
    @discardableResult private func flushPending() -> Bool {
        guard let pending, !pending.isEmpty else { return true }
        switch loop.backend.send(self, pending.view, ByteView()) {
        case .taken(let n):
            pending.consume(n)
            lateBytes &+= n
            guard pending.isEmpty else { return false }
            loop.giveBack(pending)
            self.pending = nil
            return true
        case .failed(let error):
            breakOutput(error)
            return false
        }
    }

    package func deliverFailure(_ error: SystemError) {
        guard state != .closed else { return }
        let handler = self.handler
        release(reset: false)
        handler?.lost(error)
    }
}

extension Connection: TimerOwner {
    package func timerFired() {
        loop.discardForgottenOutput()
        if state == .lingering {
            return isBackedUp && lateBytes != lateBytesSeen ? setLingerDeadline() : close()
        }
        handler?.deadlineReached()
    }
}
