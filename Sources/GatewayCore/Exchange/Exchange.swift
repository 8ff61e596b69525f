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
    package var snapshot: (any ExchangeSnapshot)?
    package var route: Int32 = -1
    package var upstreamIndex: Int32 = -1
    package var endpointIndex: Int32 = -1
    /// Endpoints that already failed for this exchange, one bit each.
    package var triedEndpoints: UInt64 = 0
    package var attempts: UInt8 = 0
    /// The gateway's own id of this exchange; `givenRequestID` stands in its place when it is not empty.
    package var requestID = RequestID()
    /// Where in the request's head the id stands that was taken over from a trusted peer.
    package internal(set) var givenRequestID = RequestHead.Span()
    /// Set when the exchange failed, or was refused before it could begin.
    package var error: GatewayError?

    /// Which form of gRPC the client speaks.
    package var call = CallKind.none
    /// The moment from which nobody waits for the response any more, whatever the upstream's time-outs allow.
    package var deadline = Instant.never
    /// The moment by which the try that is under way has to have the head of a response.
    package var tryDeadline = Instant.never
    /// Why the last try came to nothing.
    package var tryFailure: Reason?
    /// What the try that is under way finds out for a breaker: `ProbeSet` of `Upstreams`.
    package var probes: UInt8 = 0
    /// The endpoint whose breaker that is.
    package var probedEndpoint: Int32 = -1

    // MARK: What policies know
    package var captures = PathCaptures()
    package var chain = ChainProgress()
    /// Who calls, once a policy has found out.
    package var consumer: Consumer?
    /// The client's certificate as a trusted proxy passes it on; set by the policy that believes it.
    package var forwardedCertificate: ClientCertificate?
    /// What is known of the caller beside that: set by `identify`.
    package internal(set) var principal: Principal?
    /// Whom a request that was refused claimed to come from: a user name, a key id. Empty where nobody was claimed.
    package var claimedName: [UInt8] = []
    /// The body of an answer that a policy gives in place of the upstream.
    package private(set) var replyBody: ByteBuffer?
    /// The query holds a secret, such as a code or a token: no log gets it, nor what follows `?` in `Referer`.
    package var hidesQuery = false
    /// What policies add to the line of the access log, packed by `LogMember`.
    package private(set) var logMembers: ByteBuffer?
    /// Set for exchanges that are traced.
    package var trace: PolicyTrace?
    /// What the request's body passes on its way to the upstream.
    package var requestStages = BodyStages()
    /// Feeds it through them.
    package var requestFilter: (any RequestFilter)?
    /// What signs the request at the last moment, in the order of the policies.
    package var seals: ContiguousArray<any RequestSeal> = []
    /// What the response's body passes on its way to the client.
    package var responseStages = BodyStages()
    /// How fast the bodies may pass, or what passes through a tunnel in their place.
    package var paces = BodyPaces()
    /// What is done for it beside itself; the data plane knows what that is.
    package var companion: AnyObject?
    /// Works on the exchange while its chain waits; cancelled when the exchange ends before it.
    package var task: Task<Void, Never>?
    /// Tasks that still refer to this exchange: while there are any, it is not given to another request.
    package internal(set) var pins = 0
    /// It is over, and would be in its pool but for its pins.
    package internal(set) var isGivenBack = false

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
    /// It counts against the part of its upstream that its route, API or consumer may have.
    package var isInBulkhead = false
    package var tunnel = Tunnel.none

    package init(loop: EventLoop) { self.loop = loop }

    /// Back to the state of a new one, memory kept.
    package func reset() {
        request.clear()
        response.clear()
        resetPolicies()
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
        givenRequestID = RequestHead.Span()
        error = nil
        call = .none
        deadline = .never
        tryDeadline = .never
        companion = nil
        tryFailure = nil
        probes = 0
        probedEndpoint = -1
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
        isInBulkhead = false
        tunnel = .none
    }
}

/// Whether an exchange carries bytes of another protocol, both ways, in place of bodies.
package enum Tunnel: UInt8, Sendable {
    case none
    /// The route allows the protocol that `request.upgrade` names, so the upstream is asked to switch to it.
    case asked
    /// The upstream has switched: `response.status` is 101, whatever version of HTTP it speaks. The two halves pass on what
    /// comes as bodies without framing; each direction ends by itself, with `requestEnd` and `sendEnd`.
    case open
}

extension Exchange {
    private func resetPolicies() {
        captures.clear()
        chain.clear()
        consumer = nil
        forwardedCertificate = nil
        principal = nil
        if !claimedName.isEmpty { claimedName = [] }
        trace = nil
        requestStages.removeAll()
        requestFilter = nil
        if !seals.isEmpty { seals.removeAll() }
        responseStages.removeAll()
        paces.removeAll()
        task = nil
        if let replyBody { loop.giveBack(replyBody) }
        if let logMembers { loop.giveBack(logMembers) }
        replyBody = nil
        logMembers = nil
        hidesQuery = false
    }

    /// An empty buffer for the body of an answer; it belongs to the exchange.
    package func takeReplyBody() -> ByteBuffer {
        let buffer = replyBody ?? loop.takeBuffer()
        buffer.clear()
        replyBody = buffer
        return buffer
    }

    /// Where `log` packs what it adds to the line of the access log.
    func takeLogMembers() -> ByteBuffer {
        let buffer = logMembers ?? loop.takeBuffer()
        logMembers = buffer
        return buffer
    }

    /// The certificate that the client has shown: to a trusted proxy, or on the connection of the exchange.
    package var certificate: ClientCertificate? { forwardedCertificate ?? downstream?.certificate }

    /// By when it has to be over where it may last `total`, or have come further with the try that is under way.
    package func end(within total: Nanoseconds) -> Instant { min(started + total, deadline, tryDeadline) }

    /// The try that is under way has no answer, and had the time that a try has.
    package var tryIsOverdue: Bool { loop.now >= tryDeadline }

    /// Why it is cut when that moment has come.
    package var overdue: Reason { loop.now >= deadline ? .deadlineExceeded : tryIsOverdue ? .upstreamTimeout : .upstreamTotalTimeout }

    /// What the route of the exchange is called; nil before it has one.
    package var routeInfo: RouteInfo? { snapshot?.info(ofRoute: Int(route)) }

    /// `upstream` takes the request's body from now on, through the filter if there is one.
    package func attach(_ upstream: any Upstream) {
        guard let requestFilter else {
            self.upstream = upstream
            return
        }
        requestFilter.target = upstream
        self.upstream = requestFilter
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
    /// Where clients are sent that have not come over TLS; nil when they are served.
    package let httpsPort: UInt16?
    /// What clients may do here is bounded by their address.
    package let isGuarded: Bool

    package init(
        name: String, index: Int, port: UInt16, scheme: StaticString, trustedProxies: [CIDR], httpsPort: UInt16? = nil, isGuarded: Bool = false
    ) {
        self.name = name
        self.index = index
        self.port = port
        self.scheme = scheme
        self.trustedProxies = trustedProxies
        self.httpsPort = httpsPort
        self.isGuarded = isGuarded
    }
}
