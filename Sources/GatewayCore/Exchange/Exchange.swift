package import Primitives
package import Reactor

/// One request and its response, on their way through the gateway.
///
/// Confined to one event loop. The object and all it owns are taken from the loop's pool when a head is complete and
/// given back when the response has ended, so an exchange allocates nothing and an idle connection holds none.
package final class Exchange {
    package let loop: EventLoop
    package let request = RequestHead()
    package let response = ResponseHead()

    // MARK: Who asks
    package var client = ClientInfo()
    package var listener: ListenerInfo?

    // MARK: The two halves
    /// The connection that the response goes to.
    package var downstream: (any Downstream)?
    /// What the request's body goes to, once somebody wants it.
    package var upstream: (any Upstream)?
    /// Told about what happens to this exchange; set by the handler.
    package var observer: (any ExchangeObserver)?

    // MARK: What the data plane knows
    /// The configuration that this exchange began with and keeps.
    package var snapshot: AnyObject?
    package var route: Int32 = -1
    package var upstreamIndex: Int32 = -1
    package var endpointIndex: Int32 = -1
    /// Endpoints that already failed for this exchange, one bit each.
    package var triedEndpoints: UInt64 = 0
    package var attempts: UInt8 = 0
    package var requestID = RequestID()
    /// Set when the exchange failed, or was refused before it could begin.
    package var error: GatewayError?

    // MARK: What happened
    package var started = Instant.never
    package var upstreamStarted = Instant.never
    package var upstreamAnswered = Instant.never
    package var requestBytes = 0
    package var responseBytes = 0
    /// The status that the client was sent; 0 before.
    package var status = 0
    package var responseStarted = false
    package var isFinished = false
    /// `Host` is the endpoint's name, so it is set whenever an endpoint has been chosen.
    package var hostIsEndpoint = false
    /// Some of the body has been handed on: it could not be sent again.
    package var requestBodyTouched = false
    package var connectionWasReused = false

    package init(loop: EventLoop) { self.loop = loop }

    /// Back to the state of a new one, memory kept.
    package func reset() {
        request.clear()
        response.clear()
        client = ClientInfo()
        listener = nil
        downstream = nil
        upstream = nil
        observer = nil
        snapshot = nil
        route = -1
        upstreamIndex = -1
        endpointIndex = -1
        triedEndpoints = 0
        attempts = 0
        requestID = RequestID()
        error = nil
        started = .never
        upstreamStarted = .never
        upstreamAnswered = .never
        requestBytes = 0
        responseBytes = 0
        status = 0
        responseStarted = false
        isFinished = false
        hostIsEndpoint = false
        requestBodyTouched = false
        connectionWasReused = false
    }
}

/// Who sent a request, as far as the gateway believes it.
package struct ClientInfo {
    /// The peer of the connection, or what a trusted PROXY protocol header named.
    package var peer = IPAddress(high: 0, low: 0)
    package var port: UInt16 = 0
    /// Whether the peer's forwarding headers count.
    package var isTrusted = false
    /// The client itself: the peer, or what trusted forwarding headers named.
    package var address = IPAddress(high: 0, low: 0)
    package init() {}
}

/// What an exchange needs to know of the listener that it came in by.
package final class ListenerInfo: Sendable {
    package let name: String
    package let index: Int
    package let port: UInt16
    package let scheme: StaticString
    package let trustedProxies: [CIDR]

    package init(name: String, index: Int, port: UInt16, scheme: StaticString, trustedProxies: [CIDR]) {
        self.name = name
        self.index = index
        self.port = port
        self.scheme = scheme
        self.trustedProxies = trustedProxies
    }
}
