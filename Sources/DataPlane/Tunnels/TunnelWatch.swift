import GatewayCore
import HTTPEngine
import Primitives
import Reactor

/// Stands between the two halves of a tunnel: keeps its limits, and ends it in the words of its protocol.
///
/// Whatever versions of HTTP the two halves speak, what passes here is the bytes of the other protocol alone.
final class TunnelWatch: DownstreamFilter, RequestFilter, TimerOwner {
    var target: (any GatewayCore.Upstream)?
    let route: CompiledRoute
    /// Where the loop's list of tunnels has it; -1 once it is over.
    var place = -1

    private unowned let worker: Worker
    private let timer: TimerWheel.ID
    private var lastSeen: Instant
    private let ends: Instant
    /// The response became another one, which is not looked at.
    private var isOff = false
    private var fromClient: TunnelDirection
    private var fromUpstream: TunnelDirection
    /// The client's bytes are wanted as soon as the head is on its way.
    private var owesWish = false
    /// Both ends have been told to close; whatever is left is cut then.
    private var cutsAt = Instant.never

    init(_ exchange: Exchange, _ route: CompiledRoute, worker: Worker) {
        self.route = route
        self.worker = worker
        let loop = exchange.loop
        timer = loop.acquireTimer()
        lastSeen = loop.now
        ends = loop.now + route.tunnel.lifetime
        let isWebSocket = exchange.request.asksForWebSocket
        var limits = WebSocketInspector.Limits()
        limits.extensionBits = TunnelDirection.extensionBits(exchange.response)
        limits.message = route.tunnel.message
        fromUpstream = TunnelDirection(WebSocketInspector(from: .server, limits: limits), follows: isWebSocket)
        limits.messagesPerSecond = route.tunnel.messagesPerSecond
        fromClient = TunnelDirection(WebSocketInspector(from: .client, limits: limits), follows: isWebSocket && route.tunnel.isStrict)
        super.init(exchange)
        target = exchange.upstream
        exchange.upstream = self
        exchange.downstream = self
        loop.own(timer, by: self)
        loop.arm(timer, at: deadline)
    }

    /// The exchange is over.
    func over() {
        guard place >= 0 else { return }
        worker.tunnels.remove(self)
        loop.releaseTimer(timer)
    }

    // MARK: From the upstream

    override func sendHead(_ exchange: Exchange) {
        super.sendHead(exchange)
        isOff = exchange.response.status != 101
        guard !isOff else { return }
        owesWish = true
        // It may be idle for hours.
        exchange.request.fields.trim()
        exchange.response.fields.trim()
        if worker.draining != nil { goAway(1001) }
    }

    override func sendBody(_ bytes: ByteView) {
        if isOff { return super.sendBody(bytes) }
        lastSeen = loop.now
        let part = fromUpstream.take(bytes, now: loop.now, isStrict: isStrict(towards: fromClient))
        if let held = part.held { withBytes(of: held) { super.sendBody($0) } }
        if part.passes > 0 { super.sendBody(bytes.prefix(part.passes)) }
        if let violation = part.violation {
            _ = super.flush()
            return violated(violation)
        }
        if part.isBoundary { closeClient() }
    }

    override func flush() -> Bool {
        let takesMore = super.flush()
        if owesWish {
            owesWish = false
            super.wantsRequestBody()
        }
        return takesMore
    }

    // MARK: From the client

    func requestBody(_ bytes: ByteView) -> Bool {
        lastSeen = loop.now
        let part = fromClient.take(bytes, now: loop.now, isStrict: isStrict(towards: fromUpstream))
        var takesMore = true
        if let held = part.held { withBytes(of: held) { takesMore = target?.requestBody($0) ?? true } }
        if part.passes > 0 { takesMore = target?.requestBody(bytes.prefix(part.passes)) ?? true }
        if let violation = part.violation {
            // What goes to one end is sent before anything is written for the other: both gather in the loop's buffer.
            target?.requestFlush()
            violated(violation)
        }
        return takesMore
    }

    func requestEnd(trailers: HeaderFields?) { target?.requestEnd(trailers: nil) }
    func requestFlush() { target?.requestFlush() }
    func downstreamWritable() { target?.downstreamWritable() }

    func cancel(_ error: GatewayError) {
        let target = target
        self.target = nil
        target?.cancel(error)
    }

    /// Whether what somebody says to `other` is judged: not when that has sent its Close, which it may do in the middle of
    /// anything, and which is all that the tunnel is closed with.
    private func isStrict(towards other: TunnelDirection) -> Bool { route.tunnel.isStrict && !other.inspector.hasClosed }

    private func withBytes(of head: WebSocketFrameHead, _ body: (ByteView) -> Void) {
        let buffer = loop.takeBuffer()
        head.write(to: buffer)
        body(buffer.view)
        buffer.clear()
        loop.giveBack(buffer)
    }

    // MARK: Ending

    private func violated(_ violation: WebSocketInspector.Violation) {
        switch violation {
        case .messageTooLarge: end(1009, GatewayError(.websocketMessageTooLarge))
        case .tooManyMessages: end(1008, GatewayError(.websocketMessageRate))
        case .protocolError(let flaw): end(1002, GatewayError(.websocketProtocolError, "The frame has \(flaw)."))
        }
    }

    /// Tells the client alone; its own Close, which goes upstream, ends the rest. What is not a WebSocket goes on.
    func goAway(_ code: UInt16) {
        guard !isOff, fromUpstream.follows, fromUpstream.close == .no, !fromUpstream.inspector.hasClosed else { return }
        fromUpstream.close = .wanted(code)
        if fromUpstream.inspector.isBetweenFrames { closeClient() }
    }

    /// Tells both ends, and cuts what they leave open.
    func end(_ code: UInt16, _ error: GatewayError) {
        guard cutsAt == .never, !isOff else { return }
        if exchange.error == nil { exchange.error = error }
        guard fromUpstream.follows else { return cut() }
        cutsAt = loop.now + .seconds(5)
        loop.arm(timer, at: deadline)
        let tellsUpstream = fromClient.follows && fromClient.inspector.isBetweenFrames && !fromClient.inspector.hasClosed
        fromClient.close = .sent
        if tellsUpstream {
            writeClose(code, isMasked: true) { _ = target?.requestBody($0) }
            target?.requestFlush()
        } else {
            target?.requestEnd(trailers: nil)
        }
        guard fromUpstream.close != .sent, !fromUpstream.inspector.hasClosed else { return }
        fromUpstream.close = .wanted(code)
        if fromUpstream.inspector.isBetweenFrames { closeClient() }
    }

    /// Between two frames: the Close goes out, and nothing from the upstream behind it.
    private func closeClient() {
        guard case .wanted(let code) = fromUpstream.close else { return }
        fromUpstream.close = .sent
        writeClose(code, isMasked: false) { super.sendBody($0) }
        _ = super.flush()
    }

    private func writeClose(_ code: UInt16, isMasked: Bool, _ body: (ByteView) -> Void) {
        let frame = loop.takeBuffer()
        WebSocketClose.write(code, isMasked: isMasked, to: frame)
        body(frame.view)
        frame.clear()
        loop.giveBack(frame)
    }

    private func cut() {
        let error = exchange.error ?? GatewayError(.tunnelIdle)
        exchange.upstream?.cancel(error)
        exchange.upstream = nil
        inner?.abort(error)
    }

    // MARK: Time

    private var deadline: Instant { min(cutsAt, ends, lastSeen + route.tunnel.idle) }

    func timerFired() {
        guard !isOff else { return }
        let now = loop.now
        if now >= cutsAt { return cut() }
        if now >= ends { return end(1001, GatewayError(.tunnelLifetime)) }
        if now >= lastSeen + route.tunnel.idle, cutsAt == .never { return end(1001, GatewayError(.tunnelIdle)) }
        loop.arm(timer, at: deadline)
    }
}
