import GatewayCore
import Primitives
import Reactor
import TLS
import Upstreams

/// One server that is called out to, on one event loop: its address, its connections, and the callouts that wait for either.
///
/// Of several addresses one is used until no connection to it can be made; then the next one is.
final class CalloutOrigin: @unchecked Sendable {
    let lane: UpstreamLane
    private let loop: EventLoop
    private let resolver: Resolver
    private let name: String
    private let port: UInt16
    /// Holds what `lane` has of TLS, whose identity is part of the origin's.
    private let context: CalloutContext?
    private var watch: WatchedName?
    private var addresses: [IPAddress] = []
    private var current = 0
    private var waiting: [CalloutCall] = []
    private var isResolving = false
    private(set) var lastUsed: Instant
    private var lastRenewed = Instant(nanoseconds: 0)

    init(_ callout: Callout, _ version: UpstreamVersion, _ context: CalloutContext?, resolver: Resolver, loop: EventLoop) {
        self.loop = loop
        self.resolver = resolver
        self.context = context
        let url = callout.url
        name = url.host
        port = url.port
        lastUsed = loop.now
        var settings = UpstreamSettings()
        settings.name = url.authority
        settings.version = version
        settings.connections = CalloutOrigin.mostConnections
        settings.queue = CalloutOrigin.mostWaiting
        settings.timeouts.connect = callout.connectTimeout
        // A callout has a time-out of its own; what remains is how long an unused connection is kept.
        settings.timeouts.response = CalloutOrigin.long
        settings.timeouts.total = CalloutOrigin.long
        settings.timeouts.idle = .seconds(30)
        lane = UpstreamLane(loop: loop, settings: settings, endpoints: [], tls: context?.tls)
        if let address = IPAddress(parsing: url.host) { take([address]) }
    }

    /// On one event loop; more callouts wait for a connection, and yet more are refused.
    private static let mostConnections = 64
    private static let mostWaiting = 4096
    private static let long = Nanoseconds.seconds(86_400)

    var isQuiet: Bool { lane.isQuiet && waiting.isEmpty && !isResolving }

    func retire() {
        watch?.stop()
        lane.retire()
    }

    // MARK: Callouts

    func send(_ call: CalloutCall, fresh: Bool = false) {
        lastUsed = loop.now
        if !addresses.isEmpty { return lane.send(call.exchange, fresh: fresh) }
        waiting.append(call)
        resolve()
    }

    /// The callout waits no longer.
    func forget(_ call: CalloutCall) { waiting.removeAll { $0 === call } }

    /// No connection could be made. Whether there is another address to try.
    func tryNextAddress(after tries: Int) -> Bool {
        guard addresses.count > 1 else { return false }
        current = (current + 1) % addresses.count
        useCurrent()
        return tries < addresses.count
    }

    /// A callout has waited in vain. Of HTTP/1 its connection is closed by that; one of HTTP/2 may be dead without anybody having said
    /// so, and takes no more.
    func timedOut() {
        guard !addresses.isEmpty, lane.settings.version != .http1, loop.now - lastRenewed > .seconds(1) else { return }
        lastRenewed = loop.now
        lane.update([])
        useCurrent()
    }

    // MARK: Addresses

    private func resolve() {
        guard !isResolving else { return }
        isResolving = true
        resolver.resolve(name) { [self] result in
            loop.post { [self] in resolved(result) }
        }
        // From now on the addresses stay fresh.
        guard watch == nil else { return }
        watch = resolver.watch(name) { [weak self] addresses in
            self?.loop.post { [weak self] in self?.take(addresses) }
        }
    }

    private func resolved(_ result: Result<ResolvedName, ResolutionError>) {
        isResolving = false
        if case .success(let name) = result { take(name.addresses) }
        let calls = waiting
        waiting = []
        for call in calls {
            if addresses.isEmpty {
                call.fail(GatewayError(.upstreamConnectFailed, .upstream, "The name \(name) has no address: \(result.failureText)."))
            } else {
                lane.send(call.exchange)
            }
        }
    }

    private func take(_ found: [IPAddress]) {
        guard !found.isEmpty, found != addresses else { return }
        let used = addresses.isEmpty ? nil : addresses[current]
        addresses = found
        current = used.flatMap { found.firstIndex(of: $0) } ?? 0
        useCurrent()
    }

    private func useCurrent() {
        lane.update([EndpointSettings(name: "\(name):\(port)", address: .ip(addresses[current], port: port))])
    }
}

extension Result where Failure == ResolutionError {
    fileprivate var failureText: String {
        if case .failure(let error) = self { "\(error)" } else { "there are none" }
    }
}
