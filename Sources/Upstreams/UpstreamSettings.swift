package import GatewayCore
package import Reactor

/// A named backend service, compiled from configuration.
package struct UpstreamSettings: Sendable, Equatable {
    package var name = ""
    package var version = UpstreamVersion.http1
    package var method = BalanceMethod.roundRobin
    package var hostHeader = HostHeader.preserve
    /// Bounds of one event loop: the gateway's, divided by its loops.
    package var connections = 1024
    package var requests = 4096
    package var queue = 128
    package var timeouts = UpstreamTimeouts()
    package var retries = RetrySettings()
    package var health: HealthCheckSettings?
    package var passive: PassiveHealthSettings?
    package var breaker: BreakerSettings?
    package var hedging: HedgeSettings?
    package var adaptive: AdaptiveSettings?
    package var bulkhead: Bulkhead.Settings?
    package var deadline: DeadlineRule?

    package init() {}
}

package enum BalanceMethod: Sendable, Equatable { case roundRobin, leastRequests, random }

/// What the `Host` of a forwarded request says.
package enum HostHeader: Sendable, Equatable {
    /// What the client asked for.
    case preserve
    /// The address of the endpoint, as configured.
    case endpoint
    case literal(String)
}

package struct UpstreamTimeouts: Sendable, Equatable {
    package var connect: Nanoseconds = .seconds(1)
    /// From the whole request to the head of the response.
    package var response: Nanoseconds = .seconds(15)
    /// Without progress of a body; also how long an unused connection is kept.
    package var idle: Nanoseconds = .seconds(60)
    /// The whole exchange; `.max` for no bound.
    package var total: Nanoseconds = .seconds(60)
    /// Silence after which an HTTP/2 connection in use is asked for a sign of life; `.max` for never.
    package var ping: Nanoseconds = .max
    package init() {}
}

package struct HealthCheckSettings: Sendable, Equatable {
    package var version = UpstreamVersion.http1
    package var path = "/"
    package var host: String?
    /// The service that gRPC's health protocol is asked for, empty for the whole server. Nil: `path` is asked for.
    package var grpcService: String?
    /// Nothing is asked for: an endpoint that takes connections is well.
    package var connectsOnly = false
    package var interval: Nanoseconds = .seconds(2)
    package var timeout: Nanoseconds = .seconds(1)
    package var healthyAfter = 1
    package var unhealthyAfter = 2
    package var expect: [ClosedRange<Int>] = [200...399]
    package init() {}
}

/// One address of an upstream.
package struct EndpointSettings: Sendable, Hashable {
    /// As the configuration names it, for logs, metrics and `hostHeader: endpoint`.
    package var name: String
    package var address: SocketAddress
    package var weight: Int

    package init(name: String, address: SocketAddress, weight: Int = 1) {
        self.name = name
        self.address = address
        self.weight = weight
    }
}
