import GatewayCore
import Primitives
import Reactor
import TLS
import Upstreams

/// One client's connection and the one to an endpoint that carries its bytes, in both directions and unchanged.
///
/// Whoever is slow slows the other end: what one socket does not take stops the reading of the other, so a tunnel holds no
/// more than one read in each direction, and nothing at rest. An end of input is passed on, and the other direction goes on.
final class TCPTunnel {
    unowned let server: TCPServer
    let slot: Int
    let client: Connection
    private(set) var upstream: Connection?
    private var phase: Phase
    /// What the client sent before its endpoint was there. Nil at rest.
    private var kept: ByteBuffer?
    private(set) var source: SocketAddress

    private var lane: UpstreamLane?
    private var endpoint = -1
    private var tried: UInt64 = 0
    private var attempts = 0
    private let started: Instant
    private var bytes = (received: 0, sent: 0)
    private var serverName = ""
    /// Bytes that either socket took late, when the deadline was last set.
    private var lateBytesSeen = 0

    private enum Phase { case proxy, hello, connecting, open, over }

    init(_ client: Connection, server: TCPServer, slot: Int) {
        self.client = client
        self.server = server
        self.slot = slot
        source = client.peer
        phase = server.settings.proxyProtocol ? .proxy : .hello
        started = client.loop.now
        client.keepsUnreadInput = true
    }

    private var loop: EventLoop { server.loop }

    func begin() {
        client.deadline = loop.now + server.settings.headerTimeout
        if phase == .hello, !server.routes.needsServerName { choose(server.routes.fallback) }
    }

    // MARK: Before the endpoint is known

    func received(_ bytes: ByteView) {
        switch phase {
        case .proxy, .hello, .connecting:
            let kept = kept ?? loop.takeBuffer()
            self.kept = kept
            kept.append(bytes)
            readBeginning(kept)
        case .open:
            progressed()
            self.bytes.received += bytes.count
            if upstream?.send(bytes) == false { client.isReading = false }
        case .over: break
        }
    }

    private func readBeginning(_ kept: ByteBuffer) {
        if phase == .proxy, !readProxyHeader(kept) { return }
        guard phase == .hello else { return }
        guard server.routes.needsServerName else { return choose(server.routes.fallback) }
        let scratch = loop.takeBuffer()
        let result = ClientHello.parse(kept.view, scratch: scratch)
        switch result {
        case .incomplete: break
        case .notTLS: refuse(.badClientHello)
        case .malformed: refuse(.badClientHello, alert: .decodeError)
        case .hello(let hello):
            serverName = hello.serverName.string
            if let lane = server.routes.lane(for: hello.serverName) { choose(lane) } else { refuse(.routeNotFound, alert: .unrecognizedName) }
        }
        scratch.clear()
        loop.giveBack(scratch)
    }

    /// True when the header is there and taken off.
    private func readProxyHeader(_ kept: ByteBuffer) -> Bool {
        let trusted = server.info.trustedProxies
        let isTrusted = trusted.isEmpty || client.peer.ip.map { ip in trusted.contains { $0.contains(ip) } } ?? true
        switch isTrusted ? ProxyProtocol.parse(kept.view) : .failed("") {
        case .incomplete: return false
        case .failed:
            refuse(.badProxyProtocol)
            return false
        case .complete(let length, let address, let port):
            kept.consume(length)
            if let address {
                source = .ip(address, port: port)
                guard server.count(client, for: address) else {
                    cut(.clientBanned)
                    return false
                }
            }
            phase = .hello
            return true
        }
    }

    // MARK: Connecting

    private func choose(_ lane: UpstreamLane?) {
        guard let lane else { return refuse(.routeNotFound) }
        self.lane = lane
        phase = .connecting
        client.deadline = .never
        // What comes meanwhile waits in the kernel.
        client.isReading = false
        connect(lane)
    }

    private func connect(_ lane: UpstreamLane) {
        do throws(GatewayError) {
            endpoint = try lane.takeEndpoint(tried: tried)
        } catch {
            return cut(error.reason)
        }
        attempts += 1
        if endpoint < 64 { tried |= 1 << UInt64(endpoint) }
        do throws(SystemError) {
            let side = TCPTunnelUpstream(self)
            let connection = try loop.backend.connect(to: lane.endpoints[endpoint].settings.address, loop: loop, handler: side)
            connection.keepsUnreadInput = true
            connection.deadline = loop.now + lane.settings.timeouts.connect
            upstream = connection
        } catch {
            connectFailed(.upstreamConnectFailed)
        }
    }

    private func connectFailed(_ reason: Reason) {
        upstream?.close()
        upstream = nil
        guard let lane else { return }
        returnEndpoint(failed: true)
        let retries = lane.settings.retries
        if retries.onConnectFailure, attempts < retries.attempts { connect(lane) } else { cut(reason) }
    }

    private func returnEndpoint(failed: Bool) {
        guard endpoint >= 0 else { return }
        lane?.returnEndpoint(endpoint, failed: failed)
        endpoint = -1
    }

    func upstreamConnected() {
        guard let upstream else { return }
        phase = .open
        upstream.deadline = .never
        if server.routes.sendsProxyHeader {
            ProxyProtocol.write(from: source, to: Socket.localAddress(client.handle), into: loop.output)
        }
        bytes.received += kept?.count ?? 0
        let takesMore = upstream.send(loop.output.view, kept?.view ?? ByteView())
        loop.output.clear()
        dropKept()
        progressed()
        client.isReading = takesMore
    }

    private func dropKept() {
        guard let kept else { return }
        self.kept = nil
        kept.clear()
        loop.giveBack(kept)
    }

    // MARK: Carrying

    func upstreamReceived(_ bytes: ByteView) {
        progressed()
        self.bytes.sent += bytes.count
        if !client.send(bytes) { upstream?.isReading = false }
    }

    func upstreamDrained() {
        progressed()
        client.isReading = true
    }

    func inputEnded() {
        guard phase == .open else { return cut(.clientClosed) }
        progressed()
        upstream?.shutdownOutput()
        closeIfDone()
    }

    func upstreamEnded() {
        progressed()
        client.shutdownOutput()
        closeIfDone()
    }

    /// Both ends have said everything: what is still to be sent is, behind the back of whoever goes.
    private func closeIfDone() {
        guard let upstream, client.inputHasEnded, upstream.inputHasEnded else { return }
        end(nil, failed: false)
        client.closeGracefully()
        upstream.closeGracefully()
    }

    /// Either end sent or took something.
    private func progressed() {
        lateBytesSeen = client.lateBytes &+ (upstream?.lateBytes ?? 0)
        client.deadline = loop.now + server.settings.idleTimeout
    }

    // MARK: Ending

    func drain(grace: Nanoseconds) {
        if phase == .proxy || phase == .hello { client.deadline = min(client.deadline, loop.now + grace) }
    }

    func upstreamDeadlineReached() { connectFailed(.upstreamConnectTimeout) }

    func upstreamLost() {
        if phase == .connecting { return connectFailed(.upstreamConnectFailed) }
        end(.upstreamReset, failed: true)
        client.close(reset: true)
    }

    private enum Alert: UInt8 { case decodeError = 50, unrecognizedName = 112 }

    /// The client is turned away before it had an endpoint, with a fatal alert where it speaks TLS (RFC 8446 §6).
    private func refuse(_ reason: Reason, alert: Alert? = nil) {
        if reason != .routeNotFound { server.counters.protocolErrors += 1 }
        end(reason, failed: false)
        if let alert {
            for byte in [21, 3, 3, 0, 2, 2, alert.rawValue] as [UInt8] { loop.output.append(byte: byte) }
            client.send(loop.output.view)
            loop.output.clear()
        }
        client.closeGracefully()
    }

    /// Ends a tunnel before its two ends have: neither takes that for a proper end.
    func cut(_ reason: Reason) {
        guard phase != .over else { return }
        end(reason, failed: false)
        client.close(reset: true)
        upstream?.close(reset: true)
    }

    /// - Parameter reason: nil when both ends have ended it.
    private func end(_ reason: Reason?, failed: Bool) {
        if phase == .open {
            server.tunnelEnded?(summary(reason))
        } else if let reason {
            server.failed(reason, source.ip ?? .loopback)
        }
        phase = .over
        dropKept()
        returnEndpoint(failed: failed)
        server.removed(self)
    }

    private func summary(_ reason: Reason?) -> TunnelSummary {
        TunnelSummary(
            listener: server.info.name, client: source.ip ?? .loopback, started: started, bytes: bytes, serverName: serverName,
            upstream: lane?.settings.name ?? "",
            endpoint: endpoint >= 0 ? lane?.endpoints[endpoint].settings.name ?? "" : "", attempts: attempts, reason: reason)
    }
}

extension TCPTunnel: ConnectionHandler {
    func connected() {}

    func drained() {
        progressed()
        upstream?.isReading = true
    }

    func lost(_ error: SystemError) {
        end(.clientClosed, failed: false)
        upstream?.close(reset: true)
    }

    func deadlineReached() {
        if phase == .open {
            // A slow reader is no silent one.
            if client.lateBytes &+ (upstream?.lateBytes ?? 0) != lateBytesSeen { return progressed() }
            server.counters.timeouts += 1
            return cut(.idleTimeout)
        }
        server.counters.timeouts += 1
        cut(.headerTimeout)
    }
}
