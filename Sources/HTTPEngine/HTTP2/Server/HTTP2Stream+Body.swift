import GatewayCore
import Primitives
import Reactor

/// The body of a request. Window is given back as the upstream takes bytes; what it does not take is kept, which the
/// stream's window bounds.
extension HTTP2Stream {
    /// A piece of DATA has come.
    func bodyCame(_ bytes: ByteView) {
        guard exchange != nil, exchange?.error == nil else {
            return owner.consume(id, stream: bytes.count, connection: bytes.count)
        }
        guard bodyIsWanted, kept == nil else { return keep(bytes) }
        owner.enter(self)
        feed(bytes)
        owner.consume(id, stream: bytes.count, connection: bytes.count)
    }

    private func keep(_ bytes: ByteView) {
        let buffer = kept ?? owner.loop.takeBuffer()
        kept = buffer
        buffer.append(bytes)
        // A stream that waits must not stop the others, as long as memory is not at stake.
        if owner.keptBytes + bytes.count <= Int(HTTP2ServerConnection.connectionWindow) {
            owner.consume(id, stream: 0, connection: bytes.count)
        } else {
            keptOfConnection += bytes.count
        }
        owner.keptBytes += bytes.count
    }

    private func feed(_ bytes: ByteView) {
        guard let exchange else { return }
        exchange.requestBytes += bytes.count
        exchange.requestBodyTouched = true
        waitForBody()
        if exchange.upstream?.requestBody(bytes) == false {
            bodyIsWanted = false
            // It is not the client now who is slow; the upstream's own time-out runs.
            waitsSince = .never
        }
    }

    /// The client has sent everything.
    func inputEnded() {
        inputHasEnded = true
        guard bodyIsWanted, kept == nil else { return }
        owner.enter(self)
        endBody()
    }

    private func endBody() {
        waitsSince = .never
        guard owesEnd, let exchange else { return }
        owesEnd = false
        bodyIsWanted = false
        exchange.upstream?.requestEnd(trailers: hasTrailers ? trailers : nil)
        // The other direction of a tunnel may have ended before.
        if bodyIsComplete { release(exchange) }
    }

    /// From now on it is the client who is waited for. Those who tunnel may be silent.
    private func waitForBody() {
        waitsSince = inputHasEnded || exchange?.tunnel == .open ? .never : owner.loop.now
    }

    /// Goes on with what had to wait.
    private func feedKept() {
        guard let kept else { return }
        let count = kept.count
        let debt = keptOfConnection
        self.kept = nil
        keptOfConnection = 0
        owner.keptBytes -= count
        feed(kept.view)
        kept.clear()
        owner.loop.giveBack(kept)
        owner.consume(id, stream: count, connection: debt)
    }

    func dropKept() {
        guard let kept else { return }
        owner.keptBytes -= kept.count
        owner.consume(id, stream: 0, connection: keptOfConnection)
        keptOfConnection = 0
        self.kept = nil
        kept.clear()
        owner.loop.giveBack(kept)
    }

    func wantsRequestBody() {
        guard let exchange, owesEnd else { return }
        let isCurrent = owner.current === self
        // Wanted already, and nothing has come: the request is tried again, and its head is to go now.
        if bodyIsWanted, !isCurrent { exchange.upstream?.requestFlush() }
        guard !bodyIsWanted else { return }
        bodyIsWanted = true
        waitForBody()
        guard !isCurrent else { return }
        if kept == nil, !inputHasEnded { exchange.upstream?.requestFlush() } else { feedWhatWaits() }
    }

    /// Goes on with what came before it was wanted.
    func feedWhatWaits() {
        guard exchange != nil, owesEnd, bodyIsWanted, kept != nil || inputHasEnded else { return }
        feedKept()
        if inputHasEnded, bodyIsWanted { endBody() }
        exchange?.upstream?.requestFlush()
        // The client may send more.
        owner.schedule()
    }
}
