import Schema

extension Linter {
    mutating func checkUpstreams(_ upstreams: [Upstream]) {
        checkNames(upstreams.map(\.$name), of: "upstreams")
        for (i, upstream) in upstreams.enumerated() {
            checkEndpoints(upstream, "upstreams[\(i)]")
            if let active = upstream.health.active { checkHealth(active, of: upstream, "upstreams[\(i)].health.active") }
            checkTries(upstream, "upstreams[\(i)]")
            checkResilience(upstream, "upstreams[\(i)]")
            checkTLS(of: upstream, "upstreams[\(i)]")
        }
    }

    private mutating func checkEndpoints(_ upstream: Upstream, _ path: String) {
        let place = upstream.$endpoints.position
        if upstream.endpoints.isEmpty {
            error(place, "\(path).endpoints", "an upstream needs an endpoint", remedy: "such as `[{ address: 127.0.0.1:9001 }]`")
        } else if upstream.endpoints.allSatisfy({ $0.weight == 0 }) {
            error(place, "\(path).endpoints", "every weight is 0, so no endpoint takes requests")
        }
        var first: [EndpointAddress: SourcePosition] = [:]
        for (i, endpoint) in upstream.endpoints.enumerated() {
            let place = endpoint.$address.position
            if let before = first.updateValue(place, forKey: endpoint.address) {
                warning(
                    place, "\(path).endpoints[\(i)].address", "\(endpoint.$address.shown) stands already at \(before)",
                    remedy: "use `weight` for a larger share")
            }
            checkResolution(endpoint, "\(path).endpoints[\(i)]")
        }
    }

    private mutating func checkResolution(_ endpoint: Endpoint, _ path: String) {
        switch endpoint.address {
        case .service where endpoint.resolve != .srv:
            error(endpoint.$address.position, "\(path).address", "a port is missing", remedy: "add one, or `resolve: srv` if DNS knows it")
        case .name where endpoint.resolve == .srv:
            warning(endpoint.$address.position, "\(path).address", "with `resolve: srv` the port comes from DNS, and this one counts for nothing")
        case .name, .service: break
        case .ip, .unix:
            guard endpoint.$resolve.isGiven else { return }
            warning(endpoint.$resolve.position, "\(path).resolve", "has no effect: the address is no name")
        }
    }

    private mutating func checkHealth(_ health: ActiveHealth, of upstream: Upstream, _ path: String) {
        if case .service = health.grpc {
            if upstream.protocol == .http1 {
                error(
                    health.$grpc.position, "\(path).grpc", "gRPC needs HTTP/2, but the upstream's `protocol` is http1", remedy: "use `protocol: h2c`")
            }
            if health.$path.isGiven || health.$expect.isGiven {
                warning(health.$grpc.position, "\(path).grpc", "`path` and `expect` have no effect with `grpc`")
            }
        }
        if health.tcp {
            if case .service = health.grpc {
                error(health.$tcp.position, "\(path).tcp", "an endpoint is asked in one way", remedy: "leave `grpc` out, or `tcp`")
            }
            if health.$path.isGiven || health.$expect.isGiven {
                warning(health.$tcp.position, "\(path).tcp", "`path` and `expect` have no effect with `tcp`")
            }
        }
        if !health.path.hasPrefix("/") || !health.path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) {
            error(
                health.$path.position, "\(path).path", "a path starts with `/` and has no spaces or control characters",
                remedy: "such as `/healthz`")
        }
        if health.expect.isEmpty {
            error(health.$expect.position, "\(path).expect", "no status is a good answer", remedy: "such as `[200-399]`")
        }
        if health.timeout > health.interval {
            warning(health.$timeout.position, "\(path).timeout", "a check may last longer than `interval`, so the next one waits for it")
        }
    }

    private mutating func checkTries(_ upstream: Upstream, _ path: String) {
        let (retries, timeouts) = (upstream.retries, upstream.timeouts)
        if retries.on.isEmpty, retries.$attempts.isGiven, retries.attempts > 1 {
            warning(retries.$on.position, "\(path).retries.on", "no failure is tried again, so `attempts` has no effect")
        }
        if let total = timeouts.total, total < timeouts.response, timeouts.$response.isGiven {
            warning(timeouts.$response.position, "\(path).timeouts.response", "has no effect: `total` is shorter")
        }
    }

    mutating func checkUse(of upstreams: [Upstream]) {
        for (i, upstream) in upstreams.enumerated() where !usedUpstreams.contains(upstream.name) {
            warning(upstream.$name.position, "upstreams[\(i)]", "no route uses the upstream \(upstream.$name.shown)")
        }
    }
}
