import Primitives
import Reactor
import TLS
import Upstreams

/// From no connection to one that answers.
extension RedisLink {
    func attempt() {
        guard let server else { return }
        attempts &+= 1
        state = .resolving
        retryAt = .never
        connectDeadline = loop.now + settings.connectTimeout
        defer { rearm() }
        switch server {
        case .address(let address): connect(to: address)
        case .name(let name, let port):
            resolver.resolve(name) { [weak self, attempts] result in
                self?.loop.post { [weak self] in self?.resolved(result, port: port, attempt: attempts) }
            }
        }
    }

    /// Where the name can't be looked up, the addresses that it had may still be good.
    private func resolved(_ result: Result<ResolvedName, ResolutionError>, port: UInt16, attempt: Int) {
        guard state == .resolving, attempt == attempts else { return }
        if case .success(let found) = result { addresses = found.addresses.map { .ip($0, port: port) } }
        guard !addresses.isEmpty else { return attemptFailed(StoreError(.unavailable, "the name of \(name) has no address")) }
        connect(to: addresses[attempts % addresses.count])
        rearm()
    }

    private func connect(to address: SocketAddress) {
        do throws(SystemError) {
            let connection = try loop.backend.connect(to: address, loop: loop, handler: self)
            self.connection = connection
            state = .connecting
            guard let security, let server else { return }
            guard let (stream, peer) = security.stream(to: server, sessions: sessions) else {
                return attemptFailed(StoreError(.unavailable, "there is no memory for TLS"))
            }
            connection.layer = stream
            self.peer = peer
        } catch {
            attemptFailed(StoreError(.unavailable, "no connection to \(name): \(error)"))
        }
    }

    func attemptFailed(_ error: StoreError) {
        dropConnection()
        failure = error
        retryAt = breaker.failed(at: loop.now, random: .random(in: 0..<1))
        state = .waiting
        rearm()
        for call in pipeline.takeAll(but: { _, _ in false }) { fail(call, error) }
        owner?.isDown(self)
        endIfRetired()
    }

    /// The connection is gone, or not to be trusted any more.
    func lose(_ loss: RedisBreaker.Loss, _ error: StoreError) {
        dropConnection()
        let now = loop.now
        failure = error
        retryAt = breaker.lost(loss, at: now, random: .random(in: 0..<1))
        counters.losses &+= 1
        state = .waiting
        let isOpen = breaker.isOpen
        let failed = pipeline.takeAll { call, wasSent in
            !isOpen && call.deadline > now && (!wasSent || call.isRepeatable && call.repeats < RedisCall.mostRepeats)
        }
        if retryAt <= now { attempt() } else { rearm() }
        for call in failed { fail(call, error) }
        owner?.isDown(self)
        endIfRetired()
    }

    func dropConnection() {
        connection?.close()
        connection = nil
        peer = nil
        handshake = nil
        scanner = RESPScanner()
        guard let incoming else { return }
        incoming.clear()
        loop.giveBack(incoming)
        self.incoming = nil
    }

    // MARK: The handshake

    func beginHandshake() {
        lastHeard = loop.now
        var handshake = RedisHandshake(settings, wantsMaster: wantsMaster)
        let step = handshake.begin(into: loop.output)
        self.handshake = handshake
        follow(step)
    }

    func continueHandshake(_ reply: RedisReply) {
        guard let step = handshake?.answered(reply, into: loop.output) else { return }
        follow(step)
    }

    private func follow(_ step: RedisHandshake.Step) {
        defer { loop.output.clear() }
        switch step {
        case .send: connection?.send(loop.output.view)
        case .failed(let error): attemptFailed(StoreError(error.kind, "\(name): \(error.detail)"))
        case .ready:
            speaksRESP3 = handshake?.speaksRESP3 ?? false
            handshake = nil
            state = .up
            counters.connections &+= 1
            breaker.connected(at: loop.now)
            owner?.isUp(self)
            requestFlush()
            rearm()
        }
    }
}
