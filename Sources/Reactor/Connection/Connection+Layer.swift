private import Glibc
import Primitives

/// A connection with a layer: everything that comes is opened, everything that goes is sealed.
extension Connection {
    /// More memory than this for the bytes of one call is given back.
    private static let mostScratch = 512 << 10
    /// Most bytes of one TLS record (RFC 8446 §5.1).
    private static let record = 16 << 10

    // MARK: Sending

    /// Seals both views and sends them in one system call. Until the handshake is done they wait.
    func send(_ first: ByteView, _ second: ByteView, through layer: any ConnectionLayer) -> Bool {
        guard state == .open, layer.isReady else {
            if state == .connecting || state == .open { keepEarly(first, second) }
            return !isOpen
        }
        guard first.count + second.count > 0 else { return !isBackedUp }
        let sealed = loop.sealed
        guard seal(first, second, layer) else {
            sealed.clear()
            breakOutput(SystemError("seal", code: EPROTO))
            return true
        }
        return sendSealed()
    }

    /// Joins what fits into one record: two records cost more than a copy.
    private func seal(_ first: ByteView, _ second: ByteView, _ layer: any ConnectionLayer) -> Bool {
        guard !first.isEmpty, !second.isEmpty, first.count + second.count <= Connection.record else {
            return layer.seal(first, second, sealed: loop.sealed)
        }
        let joined = loop.joined
        defer { joined.clear() }
        joined.append(first)
        joined.append(second)
        return layer.seal(joined.view, ByteView(), sealed: loop.sealed)
    }

    private func keepEarly(_ first: ByteView, _ second: ByteView) {
        let store = handshake ?? HandshakeStore()
        let output = store.output ?? loop.takeBuffer()
        output.append(first)
        output.append(second)
        store.output = output
        handshake = store
    }

    /// Sends what a layer has sealed. False: the kernel did not take all of it.
    @discardableResult private func sendSealed() -> Bool {
        let sealed = loop.sealed
        guard !sealed.isEmpty else { return true }
        defer { sealed.shrink(to: Connection.mostScratch) }
        return sendRaw(sealed.view, ByteView())
    }

    /// Tells the peer that nothing follows, where it can still be told.
    func sayGoodbye() {
        guard let layer, layer.isReady, !saidGoodbye else { return }
        saidGoodbye = true
        layer.end(sealed: loop.sealed)
        sendSealed()
    }

    // MARK: The handshake

    /// The socket of a connecting side is open.
    func beginHandshake(_ layer: any ConnectionLayer) {
        let progress = layer.begin(sealed: loop.sealed)
        sendSealed()
        if case .failed(let error) = progress { failLayer(error) }
    }

    /// Keeps bytes of a handshake for the end of the turn: it takes long, and exchanges come first.
    func keepForHandshake(_ bytes: ByteView) {
        let store = handshake ?? HandshakeStore()
        if let input = store.input {
            input.append(bytes)
        } else {
            let input = loop.takeBuffer()
            input.append(bytes)
            store.input = input
            loop.handshakes.append(self)
        }
        handshake = store
    }

    /// Opens what was kept for the handshake.
    func continueHandshake() {
        guard let input = handshake?.input else { return }
        handshake?.input = nil
        if state == .open, let layer { open(input.view, layer) }
        input.clear()
        loop.giveBack(input)
    }

    /// The layer can go on with its handshake, without anything new from the peer.
    package func resumeHandshake() {
        guard state == .open, let layer, !layer.isReady else { return }
        keepForHandshake(ByteView())
    }

    /// The handshake is done: what was sent too early goes first.
    private func becomeReady(_ layer: any ConnectionLayer) {
        let early = handshake?.output
        handshake = nil
        if let early {
            _ = send(early.view, ByteView(), through: layer)
            early.clear()
            loop.giveBack(early)
        }
        if closesWhenDrained, !isBackedUp {
            closesWhenDrained = false
            shutdownOutput()
        }
        handler?.connected()
    }

    // MARK: Reading

    /// Opens bytes of the peer, answers it, and tells the handler what they mean.
    func open(_ bytes: ByteView, _ layer: any ConnectionLayer) {
        let wasReady = layer.isReady
        // In the middle of a delivery, which a handler may cause, the loop's buffer is in use.
        let plain = loop.plain.isEmpty ? loop.plain : ByteBuffer()
        let progress = layer.open(bytes, plain: plain, sealed: loop.sealed)
        sendSealed()
        if !wasReady, layer.isReady, state == .open { becomeReady(layer) }
        if state == .open, !plain.isEmpty { handler?.received(plain.view) }
        plain.shrink(to: Connection.mostScratch)
        guard state == .open || state == .lingering else { return }
        switch progress {
        case .going: break
        case .ended: endInput()
        case .failed(let error): failLayer(error)
        }
    }

    /// Says why, and lingers: closing with unread input would reset the connection and destroy what the peer is told.
    private func failLayer(_ error: SystemError) {
        guard state == .open else { return }
        let handler = self.handler
        saidGoodbye = true
        dropHandshake()
        closeGracefully()
        handler?.lost(error)
    }

    /// The peer sends no more: whether it has said so, or was cut off.
    func endInput(through layer: any ConnectionLayer) {
        if handshake?.input != nil { continueHandshake() }
        guard !inputHasEnded, state == .open || state == .lingering else { return }
        guard layer.isReady || state == .lingering else {
            return deliverFailure(SystemError("handshake", code: ECONNRESET))
        }
        inputWasCut = state == .open
        endInput()
    }

    func dropHandshake() {
        if let buffer = handshake?.input { loop.giveBack(buffer) }
        if let buffer = handshake?.output { loop.giveBack(buffer) }
        handshake = nil
    }
}
