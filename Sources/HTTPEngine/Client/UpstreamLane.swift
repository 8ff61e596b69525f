package import GatewayCore
import Primitives
package import Reactor
package import TLS
package import Upstreams

/// One upstream on one event loop: its endpoints, their connections, and the exchanges that wait for one.
package final class UpstreamLane {
    package let loop: EventLoop
    package let settings: UpstreamSettings
    /// Nil for plain text.
    package let tls: TLSClientContext?
    package let vitals: LaneVitals
    package internal(set) var endpoints: ContiguousArray<Lane> = []
    var candidates: ContiguousArray<Candidate> = []
    var balancer: Balancer
    var random = FastRandom()
    var openConnections = 0
    private(set) var waiting: ContiguousArray<Waiting> = []
    package internal(set) var inFlight = 0
    package private(set) var queued = 0
    private(set) var isRetired = false
    private let queueTimer: TimerWheel.ID

    /// One endpoint's connections and counters.
    package struct Lane {
        package let settings: EndpointSettings
        /// Gone from the configuration or from DNS: serves what it has, takes nothing new.
        package var isGone = false
        package var isHealthy = true
        /// What is known of it by what became of requests.
        package var state: EndpointState?
        /// It is ejected, or its breaker is open.
        package var isPaused = false
        package var idle: ContiguousArray<ClientConnection> = []
        /// Its HTTP/2 connections, those that are still being opened included.
        package var sessions: ContiguousArray<HTTP2ClientConnection> = []
        /// Its last handshake has settled for HTTP/1.1: connections being opened are not counted on to carry many exchanges.
        var speaksHTTP1 = false
        package var open = 0
        package var counters = EndpointCounters()
        /// Nil for plain text.
        var tls: TLSEndpoint?
        let tlsSessions = TLSSessions()
    }

    struct Waiting {
        let exchange: Exchange
        let deadline: Instant
        let id: UInt64
    }
    private var nextWaiting: UInt64 = 0

    /// - Parameter state: what all loops know of the upstream together.
    package init(
        loop: EventLoop, settings: UpstreamSettings, endpoints: [EndpointSettings], tls: TLSClientContext? = nil, state: UpstreamState? = nil
    ) {
        self.loop = loop
        self.settings = settings
        self.tls = tls
        vitals = LaneVitals(loop, settings, state ?? UpstreamState(settings, loops: 1))
        balancer = Balancer(settings.method)
        queueTimer = loop.acquireTimer()
        loop.own(queueTimer, by: self)
        update(endpoints)
    }

    deinit { loop.releaseTimer(queueTimer) }

    var timeouts: ClientTimeouts {
        ClientTimeouts(
            connect: settings.timeouts.connect, response: settings.timeouts.response, idle: settings.timeouts.idle,
            total: settings.timeouts.total, ping: settings.timeouts.ping)
    }

    /// Nothing is under way or waits: a retired lane may go.
    package var isQuiet: Bool { inFlight == 0 && queued == 0 }

    // MARK: Endpoints

    /// Sets the endpoints; what is known of those that stay is kept.
    package func update(_ wanted: [EndpointSettings]) {
        for i in endpoints.indices where !wanted.contains(endpoints[i].settings) {
            endpoints[i].isGone = true
            closeIdle(of: i)
        }
        for settings in wanted {
            if let i = endpoints.firstIndex(where: { $0.settings == settings }) {
                endpoints[i].isGone = false
            } else if let i = endpoints.firstIndex(where: { $0.isGone && $0.open == 0 }) {
                endpoints[i] = lane(settings)
            } else {
                endpoints.append(lane(settings))
            }
        }
        let known = vitals.state.update(wanted)
        for i in endpoints.indices { endpoints[i].state = endpoints[i].isGone ? nil : known[endpoints[i].settings.address] }
        refreshHealth()
    }

    private func lane(_ settings: EndpointSettings) -> Lane { Lane(settings: settings, tls: tls.map { TLSEndpoint($0, settings) }) }

    package func setHealth(_ isHealthy: Bool, of address: SocketAddress) {
        for i in endpoints.indices where endpoints[i].settings.address == address { endpoints[i].isHealthy = isHealthy }
        refreshCandidates()
    }

    /// Endpoints that this lane shares with another, which it replaces, are as well as they are there.
    package func takeHealth(of other: UpstreamLane) {
        for endpoint in other.endpoints where !endpoint.isHealthy && !endpoint.isGone { setHealth(false, of: endpoint.settings.address) }
    }

    func refreshCandidates() {
        let old = candidates
        candidates = ContiguousArray(
            endpoints.indices.map { i in
                Candidate(
                    weight: endpoints[i].isGone ? 0 : endpoints[i].settings.weight, active: i < old.count ? old[i].active : 0,
                    isHealthy: endpoints[i].isHealthy && !endpoints[i].isPaused)
            })
    }

    /// The upstream is gone from the configuration: no new exchanges, idle connections are closed.
    package func retire() {
        isRetired = true
        for i in endpoints.indices { closeIdle(of: i) }
    }

    private func closeIdle(of index: Int) {
        let idle = endpoints[index].idle
        endpoints[index].idle = []
        for connection in idle { connection.close() }
        for session in endpoints[index].sessions { session.drain() }
    }

    // MARK: Exchanges

    /// Sends the exchange to an endpoint, now or when a connection is free. `fresh` asks for a new connection.
    package func send(_ exchange: Exchange, fresh: Bool = false) {
        guard inFlight < min(settings.requests, vitals.limit) else { return overloaded(exchange) }
        guard let index = admit(exchange) else { return }
        exchange.endpointIndex = Int32(truncatingIfNeeded: index)
        if !fresh {
            if let connection = endpoints[index].idle.popLast() { return begin(exchange, on: connection, index) }
        }
        if settings.version != .http1 { return sendAsStream(exchange, to: index) }
        if openConnections >= settings.connections, !closeOneIdle() { return wait(exchange) }
        open(index, for: exchange)
    }

    private func begin(_ exchange: Exchange, on connection: ClientConnection, _ index: Int) {
        note(exchange, index)
        connection.start(exchange)
    }

    func note(_ exchange: Exchange, _ index: Int) {
        noteTry(exchange)
        exchange.attempts += 1
        inFlight += 1
        candidates[index].active += 1
        endpoints[index].counters.requests += 1
        if exchange.hostIsEndpoint { endpoints[index].settings.name.withView { exchange.request.fields.set(.host, $0) } }
        for seal in exchange.seals { seal.seal(exchange, isSecure: tls != nil) }
    }

    private func open(_ index: Int, for exchange: Exchange) {
        let connection = ClientConnection(loop: loop, owner: self, endpoint: index, timeouts: timeouts)
        openConnections += 1
        endpoints[index].open += 1
        note(exchange, index)
        exchange.upstream = connection
        do throws(SystemError) {
            let lane = endpoints[index]
            try connection.connect(to: lane.settings.address, for: exchange, tls: lane.tls, sessions: lane.tlsSessions)
        } catch {
            exchange.tryFailure = .upstreamConnectFailed
            connection.detach(exchange, failed: true)
            connection.close()
            fail(exchange, GatewayError(.upstreamConnectFailed, .upstream, retry: .yes, "\(error)."))
        }
    }

    /// Makes room by closing an unused connection to another endpoint.
    func closeOneIdle() -> Bool {
        for i in endpoints.indices {
            if let connection = endpoints[i].idle.popLast() {
                connection.close()
                return true
            }
            if let session = endpoints[i].sessions.first(where: \.isIdle) {
                session.close()
                return true
            }
        }
        return false
    }

    func fail(_ exchange: Exchange, _ error: GatewayError) {
        abandonProbes(exchange)
        exchange.observer?.upstreamFailed(exchange, error)
    }

    // MARK: Waiting

    func wait(_ exchange: Exchange) {
        guard queued < settings.queue else { return overloaded(exchange) }
        nextWaiting += 1
        let limit = min(loop.now + settings.timeouts.response, exchange.end(within: settings.timeouts.total))
        waiting.append(Waiting(exchange: exchange, deadline: limit, id: nextWaiting))
        queued += 1
        let ticket = WaitingTicket(lane: self, exchange: exchange)
        exchange.upstream = ticket
        exchange.endpointIndex = -1
        if limit < loop.deadline(of: queueTimer) { loop.arm(queueTimer, at: limit) }
    }

    private func overloaded(_ exchange: Exchange) {
        fail(exchange, GatewayError(.upstreamOverloaded, .upstream, "All connections to upstream \(settings.name) are in use."))
    }

    /// A connection is free, or may be opened: the exchange that has waited longest gets it.
    package func serveWaiting() {
        while let first = waiting.first {
            let hasRoom = openConnections < settings.connections || endpoints.contains { !$0.idle.isEmpty || $0.hasFreeStream }
            guard hasRoom else { return }
            waiting.removeFirst()
            queued -= 1
            first.exchange.upstream = nil
            send(first.exchange)
        }
        loop.arm(queueTimer, at: .never)
    }

    fileprivate func stopWaiting(_ exchange: Exchange) {
        guard let index = waiting.firstIndex(where: { $0.exchange === exchange }) else { return }
        waiting.remove(at: index)
        queued -= 1
        abandonProbes(exchange)
    }
}

extension UpstreamLane {
    // MARK: Raw connections

    /// Chooses an endpoint for a connection that the caller opens itself and that counts against all limits until
    /// `returnEndpoint`. `tried` excludes endpoints, one bit each, where there is another.
    package func takeEndpoint(tried: UInt64) throws(GatewayError) -> Int {
        guard let index = balancer.pick(candidates, tried: tried, random: &random) else {
            throw GatewayError(.noHealthyEndpoint, .upstream, "No endpoint of upstream \(settings.name) is available.")
        }
        guard inFlight < settings.requests, openConnections < settings.connections || closeOneIdle() else {
            throw GatewayError(.upstreamOverloaded, .upstream, "All connections to upstream \(settings.name) are in use.")
        }
        inFlight += 1
        openConnections += 1
        candidates[index].active += 1
        endpoints[index].open += 1
        endpoints[index].counters.requests += 1
        return index
    }

    /// The connection to the endpoint is gone, or never came to be.
    package func returnEndpoint(_ index: Int, failed: Bool) {
        inFlight -= 1
        openConnections -= 1
        candidates[index].active -= 1
        endpoints[index].open -= 1
        if failed { endpoints[index].counters.failures += 1 }
        judgeConnection(index, failed: failed)
        if !waiting.isEmpty { loop.atEndOfTurn { [self] in serveWaiting() } }
    }
}

extension UpstreamLane: TimerOwner {
    package func timerFired() {
        // A request that is tried again may have less time left than those before it.
        while let index = waiting.firstIndex(where: { $0.deadline <= loop.now }) {
            let exchange = waiting.remove(at: index).exchange
            queued -= 1
            exchange.upstream = nil
            fail(exchange, GatewayError(loop.now >= exchange.deadline ? .deadlineExceeded : .upstreamQueueTimeout, .upstream))
        }
        loop.arm(queueTimer, at: waiting.reduce(.never) { min($0, $1.deadline) })
    }
}

extension UpstreamLane: ClientConnectionOwner {
    package func released(_ connection: ClientConnection, _ exchange: Exchange, failed: Bool) {
        ended(exchange, endpoint: connection.endpoint, failed: failed)
    }

    package func mayServeNext() { if !waiting.isEmpty { serveWaiting() } }

    package func becameIdle(_ connection: ClientConnection) {
        let index = connection.endpoint
        if isRetired || endpoints[index].isGone { return connection.close() }
        endpoints[index].idle.append(connection)
    }

    package func closed(_ connection: ClientConnection) {
        let index = connection.endpoint
        if let at = endpoints[index].idle.lastIndex(where: { $0 === connection }) { endpoints[index].idle.remove(at: at) }
        closedOne(of: index)
    }

    func opened(_ session: HTTP2ClientConnection) {
        endpoints[session.endpoint].open += 1
        endpoints[session.endpoint].sessions.append(session)
    }

    /// A connection in the place of the session that it was opened for.
    func openedInstead(_ connection: ClientConnection) {
        openConnections += 1
        endpoints[connection.endpoint].open += 1
        endpoints[connection.endpoint].speaksHTTP1 = true
    }

    package func closed(_ connection: HTTP2ClientConnection) {
        endpoints[connection.endpoint].sessions.removeAll { $0 === connection }
        closedOne(of: connection.endpoint)
    }

    private func closedOne(of index: Int) {
        openConnections -= 1
        endpoints[index].open -= 1
        if !waiting.isEmpty { loop.atEndOfTurn { [self] in serveWaiting() } }
    }
}

/// Stands in for the upstream connection of an exchange that waits for one.
private final class WaitingTicket: Upstream {
    private unowned let lane: UpstreamLane
    private unowned let exchange: Exchange

    init(lane: UpstreamLane, exchange: Exchange) {
        self.lane = lane
        self.exchange = exchange
    }

    func requestBody(_ bytes: ByteView) -> Bool { false }
    func requestEnd(trailers: HeaderFields?) {}
    func requestFlush() {}
    func downstreamWritable() {}
    func cancel(_ error: GatewayError) { lane.stopWaiting(exchange) }
}

/// What one endpoint has carried on one loop.
package struct EndpointCounters: Sendable {
    package var requests: UInt64 = 0
    package var failures: UInt64 = 0
    package init() {}
}
