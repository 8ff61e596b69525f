import GatewayCore
import HTTPEngine
import Reactor
import Synchronization
import TLS
import Upstreams

/// Asks endpoints regularly whether they are well. Runs on the control loop, once for the whole gateway.
final class HealthMonitor: Sendable {
    struct Check: Sendable, Hashable {
        let upstream: String
        let endpoint: EndpointSettings
        let settings: HealthCheckSettings
        let tls: TLSClientContext?

        static func == (a: Check, b: Check) -> Bool {
            a.upstream == b.upstream && a.endpoint == b.endpoint && a.settings == b.settings && a.tls == b.tls
        }
        func hash(into hasher: inout Hasher) {
            hasher.combine(upstream)
            hasher.combine(endpoint)
        }
    }

    private let loop: EventLoop
    private let fetcher: Fetcher
    private let runners = Mutex<[Check: Runner]>([:])
    /// Upstream, address, health: called on the control loop when an endpoint's health has changed.
    let changed = Mutex<(@Sendable (String, SocketAddress, Bool) -> Void)?>(nil)

    init(loop: EventLoop) {
        self.loop = loop
        fetcher = Fetcher(loop: loop)
    }

    /// Checks these from now on. Checks that stay go on; endpoints that are not checked any more count as healthy.
    func update(_ checks: [Check]) {
        let wanted = Set(checks)
        let (added, removed) = runners.withLock { runners in
            let removed = runners.filter { !wanted.contains($0.key) }
            for key in removed.keys { runners[key] = nil }
            let added = wanted.filter { runners[$0] == nil }.map { check in
                // With other certificates or another question it is as well as it was, until that is answered.
                let before = removed.first { $0.key.upstream == check.upstream && $0.key.endpoint == check.endpoint }?.value
                return Runner(check, isHealthy: before?.isHealthy.load(ordering: .relaxed) ?? true, fetcher: fetcher, loop: loop) { [weak self] in
                    self?.report($0, $1)
                }
            }
            for runner in added { runners[runner.check] = runner }
            return (added, removed.values.map { $0 })
        }
        for runner in removed { loop.post { runner.stop() } }
        for runner in added { loop.post { runner.begin() } }
        // Lanes that were made by a swap begin with healthy endpoints: tell them what is known.
        let sick = runners.withLock { $0.values.filter { !$0.isHealthy.load(ordering: .relaxed) } }
        for runner in sick { report(runner.check, false) }
    }

    private func report(_ check: Check, _ isHealthy: Bool) {
        changed.withLock { $0 }?(check.upstream, check.endpoint.address, isHealthy)
    }

    /// Health by upstream and address of everything that is checked.
    var results: [(upstream: String, address: SocketAddress, isHealthy: Bool)] {
        runners.withLock { runners in
            runners.values.map { ($0.check.upstream, $0.check.endpoint.address, $0.isHealthy.load(ordering: .relaxed)) }
        }
    }

    func stop() { update([]) }
}

/// The checks of one endpoint, one after the other.
private final class Runner: @unchecked Sendable, TimerOwner {
    let check: HealthMonitor.Check
    let isHealthy: Atomic<Bool>
    private let fetcher: Fetcher
    private let loop: EventLoop
    private let report: @Sendable (HealthMonitor.Check, Bool) -> Void
    private var tracker: HealthTracker
    private var timer: TimerWheel.ID?

    init(
        _ check: HealthMonitor.Check, isHealthy: Bool, fetcher: Fetcher, loop: EventLoop,
        report: @escaping @Sendable (HealthMonitor.Check, Bool) -> Void
    ) {
        self.check = check
        self.isHealthy = Atomic(isHealthy)
        self.fetcher = fetcher
        self.loop = loop
        self.report = report
        tracker = HealthTracker(healthyAfter: check.settings.healthyAfter, unhealthyAfter: check.settings.unhealthyAfter, isHealthy: isHealthy)
    }

    func begin() {
        let timer = loop.acquireTimer()
        loop.own(timer, by: self)
        self.timer = timer
        ask()
    }

    func stop() {
        if let timer { loop.releaseTimer(timer) }
        timer = nil
    }

    func timerFired() { ask() }

    private func ask() {
        guard timer != nil else { return }
        if check.settings.connectsOnly { return connect() }
        var request = FetchRequest(address: check.endpoint.address)
        request.version = check.settings.version
        request.target = check.settings.path
        if let service = check.settings.grpcService { HealthCall.set(&request, service: service) }
        request.host = check.settings.host ?? check.endpoint.name
        request.timeout = check.settings.timeout
        request.security = check.tls.map { TLSEndpoint($0, check.endpoint) }
        request.connectTimeout = check.settings.timeout
        let began = loop.now
        fetcher.start(request) { [self] result in
            answered(isGood(result), began)
        }
    }

    private func connect() {
        let began = loop.now
        ConnectProbe.start(check.endpoint.address, on: loop, timeout: check.settings.timeout) { [self] in answered($0, began) }
    }

    private func answered(_ isGood: Bool, _ began: Instant) {
        guard let timer else { return }
        note(isGood)
        loop.arm(timer, at: max(began + check.settings.interval, loop.now + .milliseconds(1)))
    }

    private func isGood(_ result: Result<FetchResponse, GatewayError>) -> Bool {
        guard case .success(let response) = result else { return false }
        if check.settings.grpcService != nil { return HealthCall.isServing(response) }
        return check.settings.expect.contains { $0.contains(response.status) }
    }

    private func note(_ isGood: Bool) {
        guard tracker.record(success: isGood) else { return }
        isHealthy.store(tracker.isHealthy, ordering: .relaxed)
        report(check, tracker.isHealthy)
    }
}
