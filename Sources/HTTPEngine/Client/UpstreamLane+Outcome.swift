package import GatewayCore
import Primitives
import Reactor
import Upstreams

/// What is learned from exchanges about the endpoints that they went to, and what that means for those that follow.
extension UpstreamLane {
    // MARK: Before

    /// Whether a request may go to the upstream, and which endpoint it goes to; nil when it was refused.
    func admit(_ exchange: Exchange) -> Int? {
        var probes = ProbeSet(rawValue: exchange.probes)
        // One that has waited for a connection was let through before.
        if !probes.contains(.upstream), case .refused = vitals.state.admit(loop.now, &probes) {
            fail(exchange, breakerOpen)
            return nil
        }
        exchange.probes = probes.rawValue
        guard vitals.state.breakerSettings?.isPerEndpoint ?? false else {
            if let index = pick(exchange) { return index }
            fail(exchange, noneAvailable)
            return nil
        }
        return admitToEndpoint(exchange)
    }

    /// Endpoints whose breaker has just let enough through are passed over.
    private func admitToEndpoint(_ exchange: Exchange) -> Int? {
        let tried = exchange.triedEndpoints
        defer { exchange.triedEndpoints = tried }
        for _ in endpoints.indices {
            guard let index = pick(exchange) else { break }
            guard let state = endpoints[index].state else { return index }
            var probes = ProbeSet(rawValue: exchange.probes)
            if vitals.state.admit(to: state, loop.now, &probes) == .pass {
                exchange.probes = probes.rawValue
                if probes.contains(.endpoint) { exchange.probedEndpoint = Int32(truncatingIfNeeded: index) }
                return index
            }
            guard index < 64, exchange.triedEndpoints >> UInt64(index) & 1 == 0 else { break }
            exchange.triedEndpoints |= 1 << UInt64(index)
        }
        let isOpen = endpoints.contains { !$0.isGone && $0.isHealthy && $0.state?.breaker?.state ?? .closed != .closed }
        fail(exchange, isOpen ? breakerOpen : noneAvailable)
        return nil
    }

    private var noneAvailable: GatewayError {
        GatewayError(.noHealthyEndpoint, .upstream, "No endpoint of upstream \(settings.name) is available.")
    }

    private var breakerOpen: GatewayError {
        GatewayError(.breakerOpen, .upstream, "Upstream \(settings.name) fails, and is not asked for a while.")
    }

    /// When a breaker lets requests through again; seconds, rounded up.
    package var retryAfter: Int {
        var until = vitals.state.breaker?.closedUntil(loop.now)
        if until == nil { until = endpoints.compactMap { $0.state?.breaker?.closedUntil(loop.now) }.min() }
        guard let until else { return 1 }
        return Int(clamping: max(1, (until - loop.now + 999_999_999) / 1_000_000_000))
    }

    /// An attempt begins.
    func noteTry(_ exchange: Exchange) {
        exchange.upstreamStarted = loop.now
        exchange.upstreamAnswered = .never
        exchange.tryFailure = nil
        if settings.retries.perTry != .max { exchange.tryDeadline = loop.now + settings.retries.perTry }
    }

    // MARK: After

    /// The head of a response is there; `exchange.upstreamStarted` is when the attempt began.
    package func answered(_ exchange: Exchange) {
        guard vitals.isWatching else { return }
        let latency = loop.now - exchange.upstreamStarted
        vitals.hedgeDelay?.note(latency, loop.now)
        vitals.adaptive?.note(latency, inFlight: inFlight, dropped: false, loop.now)
        judge(AttemptOutcome(.answered, status: status(exchange), latency: latency), exchange, Int(exchange.endpointIndex))
    }

    /// What the answer says of the service: of a call of gRPC, its status as one of HTTP.
    private func status(_ exchange: Exchange) -> Int {
        let status = exchange.response.status
        guard exchange.call != .none, status == 200, let text = exchange.response.fields.first(CallField.status), let call = CallStatus(text)
        else { return status }
        switch call {
        case .unavailable: return 503
        case .deadlineExceeded: return 504
        case .internal, .unknown, .dataLoss: return 500
        default: return status
        }
    }

    /// An attempt is over: complete, failed, or given up.
    func ended(_ exchange: Exchange, endpoint index: Int, failed: Bool) {
        inFlight -= 1
        candidates[index].active -= 1
        if failed { endpoints[index].counters.failures += 1 }
        guard vitals.isWatching else { return }
        if failed, let reason = exchange.tryFailure,
            let kind = AttemptOutcome.Kind(reason, responseStarted: exchange.upstreamAnswered != .never)
        {
            let latency = loop.now - exchange.upstreamStarted
            if kind == .timedOut { vitals.adaptive?.note(latency, inFlight: inFlight + 1, dropped: true, loop.now) }
            judge(AttemptOutcome(kind, latency: latency), exchange, index)
        }
        abandonProbes(exchange)
    }

    private func judge(_ outcome: AttemptOutcome, _ exchange: Exchange, _ index: Int) {
        guard !vitals.state.isIdle, endpoints.indices.contains(index), let endpoint = endpoints[index].state else { return }
        if exchange.probes & ProbeSet.endpoint.rawValue != 0, Int(exchange.probedEndpoint) != index { abandonProbes(exchange) }
        let probes = ProbeSet(rawValue: exchange.probes)
        exchange.probes = 0
        if vitals.state.note(outcome, of: endpoint, probes: probes, loop: loop.index, loop.now) { refreshHealth() }
    }

    /// What the exchange was to find out for a breaker, another one has to.
    func abandonProbes(_ exchange: Exchange) {
        guard exchange.probes != 0 else { return }
        let index = Int(exchange.probedEndpoint)
        vitals.state.abandon(
            ProbeSet(rawValue: exchange.probes), of: endpoints.indices.contains(index) ? endpoints[index].state : nil, loop.now)
        exchange.probes = 0
    }

    /// A raw connection was there, or was not.
    func judgeConnection(_ index: Int, failed: Bool) {
        guard !vitals.state.isIdle, endpoints.indices.contains(index), let endpoint = endpoints[index].state else { return }
        let outcome = AttemptOutcome(failed ? .failed : .answered, status: failed ? 0 : 200)
        if vitals.state.note(outcome, of: endpoint, probes: [], loop: loop.index, loop.now) { refreshHealth() }
    }
}
