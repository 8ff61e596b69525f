package import Schema

/// A named backend service.
package struct Upstream: Settings {
    @Setting("Name that routes use.")
    package var name: String

    @Setting("Protocol spoken to the endpoints. `h2` is HTTP/2 over TLS, `h2c` in plain text; `auto` is what TLS settles, http1 in plain text.")
    package var `protocol`: UpstreamProtocol = .http1

    @Setting("Addresses of the service.")
    package var endpoints: [Endpoint]

    @Setting("How an endpoint is chosen.")
    package var balance: Balance = Balance()

    @Setting("How failing endpoints are found.")
    package var health: Health = Health()

    @Setting("Bounds of this gateway towards the service, over all event loops.")
    package var limits: UpstreamLimits = UpstreamLimits()

    @Setting("How long the service may take.")
    package var timeouts: UpstreamTimeouts = UpstreamTimeouts()

    @Setting("When a request is tried again.")
    package var retries: Retries = Retries()

    @Setting("Stops asking the service for a while when it fails. Left out: it is always asked.")
    package var breaker: CircuitBreaker?

    @Setting("A second request to another endpoint when the first has no answer yet. Left out: none.")
    package var hedging: Hedging?

    @Setting("Deadlines that callers give and services are told. Left out: only those of gRPC.")
    package var deadline: DeadlineSettings?

    @Setting("TLS towards the endpoints. Left out: plain text.")
    package var tls: UpstreamTLS?

    @Setting("Host header sent: `preserve` the client's, the `endpoint`'s own, or this literal.")
    package var hostHeader: HostHeader = .preserve

    package var origin = Origin()
    package init() {}
}

package enum UpstreamProtocol: String, SettingChoice {
    case http1, h2, h2c, auto
}

package struct Endpoint: Settings {
    @Setting(
        "`host:port`, `[::1]:port` or `unix:/path`. A host that is a name is resolved by DNS; with `resolve: srv`, the name of a service without a port, such as `_http._tcp.orders.internal`."
    )
    package var address: EndpointAddress

    @Setting("Share of requests, relative to the other endpoints; 0 takes none.", 0...65_535)
    package var weight: Int = 1

    @Setting(
        "What becomes of several DNS answers: `each` is an endpoint, or only the `first` is used. `srv` asks for the places of a service (RFC 2782): hosts, ports, weights and priorities come from DNS."
    )
    package var resolve: Resolve = .each

    package var origin = Origin()
    package static var reserved: [String] { ["priority", "zone"] }
    package init() {}
}

package enum Resolve: String, SettingChoice {
    case each, first, srv
}

package struct Balance: Settings {
    @Setting("`round-robin` takes turns by weight, `least-requests` prefers the less busy of the endpoints, `random` draws.")
    package var method: BalanceMethod = .roundRobin

    package static var reserved: [String] { ["key", "sticky"] }
    package init() {}
}

package enum BalanceMethod: String, SettingChoice {
    case roundRobin = "round-robin"
    case random
    case leastRequests = "least-requests"
    package static var reservedNames: [String] { ["peak-ewma", "hash", "maglev"] }
}
