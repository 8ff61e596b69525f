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
        waitsSince = owner.loop.now
        owner.touch(self)
        if exchange.upstream?.requestBody(bytes) == false {
            bodyIsWanted = false
            // It is not the client now who is slow; the upstream's own time-out runs.
            waitsSince = .never
        }
    }

    /// The client has sent everything.
    func inputEnded() {
        inputHasEnded = true
        if bodyIsWanted, kept == nil { endBody() }
    }

    private func endBody() {
        waitsSince = .never
        guard owesEnd, let exchange else { return }
        owesEnd = false
        bodyIsWanted = false
        owner.touch(self)
        exchange.upstream?.requestEnd(trailers: hasTrailers ? trailers : nil)
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
        if bodyIsWanted {
            // Nothing has come since: the request is tried again, and its head is to go now.
            if !isTouched { exchange.upstream?.requestFlush() }
            return
        }
        bodyIsWanted = true
        if !inputHasEnded { waitsSince = owner.loop.now }
        feedKept()
        if inputHasEnded, bodyIsWanted { endBody() }
        if !isTouched { exchange.upstream?.requestFlush() } else { owner.schedule() }
        // Window was given back.
        owner.schedule()
    }
}
