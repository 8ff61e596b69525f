import GatewayCore
import HTTPEngine
import Model
import Primitives
package import Reactor
package import Schema
import Upstreams

extension SocketAddress {
    package init(_ address: BindAddress) {
        switch address {
        case .ip(let ip, let port): self = .ip(ip, port: port)
        case .unix(let path): self = .unix(path)
        }
    }
}

extension ServerSettings {
    /// A listener's settings on one of `loops` event loops.
    init(_ listener: Listener, loops: Int) {
        self.init()
        head.bytes = listener.limits.headerBytes.bytes
        head.fields = listener.limits.headerCount
        head.target = listener.limits.targetBytes.bytes
        connections = max(1, (listener.limits.connections + loops - 1) / loops)
        streams = listener.limits.streams
        served = ServedProtocol(listener.protocols)
        requestsPerConnection = listener.limits.keepAliveRequests
        headerTimeout = listener.timeouts.header.nanoseconds
        idleTimeout = listener.timeouts.idle.nanoseconds
        progressTimeout = listener.timeouts.progress.nanoseconds
        proxyProtocol = listener.proxyProtocol
        guard let tls = listener.tls else { return }
        transportSecurity = tls.hsts?.text
        handshakeTimeout = tls.handshakeTimeout.nanoseconds
        handshakes = max(1, (tls.handshakes + loops - 1) / loops)
    }
}

extension ServedProtocol {
    /// What a listener without TLS serves.
    init(_ protocols: [ListenerProtocol]) {
        guard protocols.contains(.h2c) else {
            self = .http1
            return
        }
        self = protocols.contains(.http1) ? .detect : .http2
    }
}

extension CompiledUpstream {
    /// - Parameter breaker: the condition of its breaker, if it has one.
    init(_ upstream: Model.Upstream, breaker: BreakerCondition?, loops: Int, before: UpstreamState?) {
        var settings = UpstreamSettings()
        settings.name = upstream.name
        settings.version = UpstreamVersion(upstream)
        settings.method = Upstreams.BalanceMethod(upstream.balance.method)
        settings.hostHeader = Upstreams.HostHeader(upstream.hostHeader)
        settings.connections = max(1, (upstream.limits.connections + loops - 1) / loops)
        settings.requests = max(1, (upstream.limits.requests + loops - 1) / loops)
        settings.queue = upstream.limits.queue == 0 ? 0 : max(1, (upstream.limits.queue + loops - 1) / loops)
        settings.timeouts.connect = upstream.timeouts.connect.nanoseconds
        settings.timeouts.response = upstream.timeouts.response.nanoseconds
        settings.timeouts.idle = upstream.timeouts.idle.nanoseconds
        settings.timeouts.total = upstream.timeouts.total?.nanoseconds ?? .max
        settings.timeouts.ping = upstream.timeouts.ping?.nanoseconds ?? .max
        settings.retries = RetrySettings(upstream.retries, loops: loops)
        settings.health = upstream.health.active.map(HealthCheckSettings.init)
        settings.health?.version = settings.version
        settings.passive = upstream.health.passive.map(PassiveHealthSettings.init)
        if let model = upstream.breaker, let breaker { settings.breaker = BreakerSettings(model, breaker) }
        settings.hedging = upstream.hedging.map(HedgeSettings.init)
        if case .yes(let adaptive) = upstream.limits.adaptive { settings.adaptive = AdaptiveSettings(adaptive, loops: loops) }
        settings.bulkhead = upstream.limits.share.map { Bulkhead.Settings($0, of: settings.requests) }
        settings.deadline = upstream.deadline.map(DeadlineRule.init)
        self.settings = settings
        if let before, before.fits(settings, loops: loops) {
            state = before
        } else {
            state = UpstreamState(settings, loops: loops, before: before)
        }
        endpoints = upstream.endpoints.map { endpoint in
            let name = endpoint.address.text
            return switch endpoint.address {
            case .ip(let ip, let port):
                .address(EndpointSettings(name: name, address: .ip(ip, port: port), weight: endpoint.weight))
            case .unix(let path):
                .address(EndpointSettings(name: name, address: .unix(path), weight: endpoint.weight))
            case .service(let host): .service(host, weight: endpoint.weight)
            case .name(let host, _) where endpoint.resolve == .srv: .service(host, weight: endpoint.weight)
            case .name(let host, let port):
                .name(host, port: port, weight: endpoint.weight, each: endpoint.resolve == .each)
            }
        }
    }
}

extension Upstreams.BalanceMethod {
    init(_ method: Model.BalanceMethod) {
        switch method {
        case .roundRobin: self = .roundRobin
        case .leastRequests: self = .leastRequests
        case .random: self = .random
        }
    }
}

extension Upstreams.HostHeader {
    init(_ rule: Model.HostHeader) {
        switch rule {
        case .preserve: self = .preserve
        case .endpoint: self = .endpoint
        case .literal(let host): self = .literal(host)
        }
    }
}

extension HealthCheckSettings {
    init(_ health: ActiveHealth) {
        self.init()
        path = health.path
        if case .service(let name) = health.grpc { grpcService = name }
        connectsOnly = health.tcp
        interval = health.interval.nanoseconds
        timeout = health.timeout.nanoseconds
        healthyAfter = health.healthyAfter
        unhealthyAfter = health.unhealthyAfter
        expect = health.expect.map(\.codes)
    }
}

extension UpstreamVersion {
    fileprivate init(_ upstream: Model.Upstream) {
        switch upstream.protocol {
        case .http1: self = .http1
        case .h2, .h2c: self = .http2
        case .auto: self = upstream.tls == nil ? .http1 : .negotiated
        }
    }
}
