import GatewayCore
import Primitives
import Reactor

/// Stands between the two halves of an exchange and lets their bytes pass at the paces that policies want. Whoever is too fast is
/// told to stop, as if the other end were slow, and so is in no time-out for it.
final class BodyPacer: DownstreamFilter, RequestFilter, TimerOwner {
    /// The stages that the request's body passes behind its pace.
    var pipe: (any RequestFilter)?
    private var direct: (any GatewayCore.Upstream)?
    private var toClient: PacedBody
    private var toUpstream: PacedBody
    /// The client's half has been handed more than it takes; it says when it can take more.
    private var isClientFull = false
    private var isUpstreamFull = false
    private var isOver = false
    /// Only while something is held.
    private var timer: TimerWheel.ID?

    override init(_ exchange: Exchange) {
        toClient = PacedBody(exchange.paces.response)
        toUpstream = PacedBody(exchange.paces.request)
        pipe = exchange.requestFilter
        super.init(exchange)
    }

    deinit { releaseTimer() }

    /// The exchange is about to go upstream.
    static func begin(_ exchange: Exchange) {
        let pacer = BodyPacer(exchange)
        exchange.requestFilter = pacer
        exchange.downstream = pacer
    }

    /// Who carries the exchange. Another one means another try.
    var target: (any GatewayCore.Upstream)? {
        get { pipe.map { $0.target } ?? direct }
        set {
            toUpstream.clear(loop)
            isUpstreamFull = false
            if let pipe { pipe.target = newValue } else { direct = newValue }
        }
    }

    private var next: (any GatewayCore.Upstream)? { pipe ?? direct }

    /// The exchange is over.
    func over() {
        isOver = true
        toClient.clear(loop)
        toUpstream.clear(loop)
        releaseTimer()
    }

    // MARK: Time

    func timerFired() {
        drainToClient()
        // Whoever has let go of the exchange takes no more of it.
        if !isOver, exchange.upstream != nil { drainToUpstream() }
        if !isOver { wait() }
    }

    private func wait() {
        var when = Instant.never
        if toClient.isHolding, !isClientFull { when = toClient.until }
        if toUpstream.isHolding, !isUpstreamFull, exchange.upstream != nil { when = min(when, toUpstream.until) }
        guard when != .never else { return releaseTimer() }
        if timer == nil {
            let timer = loop.acquireTimer()
            loop.own(timer, by: self)
            self.timer = timer
        }
        if let timer { loop.arm(timer, at: when) }
    }

    private func releaseTimer() {
        guard let timer else { return }
        self.timer = nil
        loop.releaseTimer(timer)
    }

    // MARK: To the client

    override func sendBody(_ bytes: ByteView) {
        guard !toClient.isHolding else { return toClient.hold(bytes, loop) }
        let count = toClient.grant(bytes.count, now: loop.now)
        if count > 0 { inner?.sendBody(bytes.prefix(count)) }
        guard count < bytes.count, !isOver else { return }
        toClient.hold(bytes.dropFirst(count), loop)
        isClientFull = false
        wait()
    }

    override func flush() -> Bool {
        let takesMore = super.flush()
        guard toClient.isHolding else { return takesMore }
        if isClientFull == takesMore {
            isClientFull = !takesMore
            wait()
        }
        return false
    }

    override var isBackedUp: Bool { toClient.isHolding || super.isBackedUp }

    override func sendEnd(trailers: HeaderFields?) {
        guard toClient.isHolding else { return super.sendEnd(trailers: trailers) }
        toClient.end(trailers)
        if exchange.upstream == nil {
            // Nobody else would hear that the client has left or can take more.
            target = nil
            exchange.upstream = self
        }
        // Whoever ends asks for no flush.
        _ = flush()
    }

    override func abort(_ error: GatewayError) {
        toClient.clear(loop)
        super.abort(error)
    }

    private func drainToClient() {
        guard let held = toClient.held, !isClientFull else { return }
        let count = toClient.grant(held.count, now: loop.now)
        guard count > 0 else { return }
        inner?.sendBody(held.view.prefix(count))
        guard !isOver else { return }
        toClient.drop(count, loop)
        let takesMore = super.flush()
        guard !isOver else { return }
        if toClient.isHolding {
            isClientFull = !takesMore
        } else if toClient.hasEnded {
            end()
        } else if takesMore, exchange.upstream != nil {
            next?.downstreamWritable()
        }
    }

    private func end() {
        toClient.hasEnded = false
        if exchange.upstream === self, target == nil { exchange.upstream = nil }
        super.sendEnd(trailers: toClient.trailers)
    }

    func downstreamWritable() {
        guard toClient.isHolding else {
            next?.downstreamWritable()
            return
        }
        isClientFull = false
        drainToClient()
        if !isOver { wait() }
    }

    // MARK: To the upstream

    func requestBody(_ bytes: ByteView) -> Bool {
        guard !toUpstream.isHolding else {
            toUpstream.hold(bytes, loop)
            return false
        }
        let count = toUpstream.grant(bytes.count, now: loop.now)
        let takesMore = count == 0 || next?.requestBody(bytes.prefix(count)) ?? true
        guard count < bytes.count, !isOver else { return takesMore }
        toUpstream.hold(bytes.dropFirst(count), loop)
        isUpstreamFull = !takesMore
        wait()
        return false
    }

    func requestEnd(trailers: HeaderFields?) {
        guard toUpstream.isHolding else {
            next?.requestEnd(trailers: trailers)
            return
        }
        toUpstream.end(trailers)
        next?.requestFlush()
    }

    func requestFlush() { next?.requestFlush() }

    override func wantsRequestBody() {
        guard toUpstream.isHolding else { return super.wantsRequestBody() }
        isUpstreamFull = false
        drainToUpstream()
        if !isOver { wait() }
    }

    private func drainToUpstream() {
        guard let held = toUpstream.held, !isUpstreamFull, let next else { return }
        let count = toUpstream.grant(held.count, now: loop.now)
        guard count > 0 else { return }
        let takesMore = next.requestBody(held.view.prefix(count))
        // A stage may have refused it.
        guard !isOver, toUpstream.isHolding else { return }
        toUpstream.drop(count, loop)
        guard !toUpstream.isHolding else {
            isUpstreamFull = !takesMore
            return next.requestFlush()
        }
        if toUpstream.hasEnded {
            toUpstream.hasEnded = false
            return next.requestEnd(trailers: toUpstream.trailers)
        }
        next.requestFlush()
        // Whoever collected the body, if anybody, gives the next piece of it.
        if takesMore, !isOver { exchange.downstream?.wantsRequestBody() }
    }

    func cancel(_ error: GatewayError) {
        toClient.clear(loop)
        toUpstream.clear(loop)
        wait()
        let next = next
        if pipe == nil { direct = nil }
        next?.cancel(error)
    }
}

extension Exchange {
    /// What keeps its bodies to their paces, if it has any.
    var pacer: BodyPacer? { requestFilter as? BodyPacer }
}
