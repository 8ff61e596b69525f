import Primitives
import Reactor
import Synchronization
import Upstreams

/// Which endpoints each upstream has now: those that the configuration names by address, and what DNS says of the rest.
final class EndpointDirectory: Sendable {
    fileprivate struct State {
        var upstreams: [CompiledUpstream] = []
        var names: [String: Known<IPAddress>] = [:]
        var services: [String: Known<ServiceRecord>] = [:]
    }

    fileprivate struct Known<Answer> {
        let watch: WatchedName
        var answers: [Answer]
    }

    private let state = Mutex(State())
    private let resolver: Resolver
    /// Called, on the resolver's thread, when an answer has changed.
    let changed = Mutex<(@Sendable () -> Void)?>(nil)

    init(resolver: Resolver) { self.resolver = resolver }

    /// Takes over the upstreams of a snapshot: new names are looked up, and waited for a moment; names that nobody uses
    /// any more are forgotten.
    func update(_ upstreams: [CompiledUpstream]) {
        let (dropped, services) = state.withLock { state in
            state.upstreams = upstreams
            let wanted = state.wantedServices
            let dropped = state.services.filter { !wanted.contains($0.key) }.map(\.value.watch)
            state.services = state.services.filter { wanted.contains($0.key) }
            return (dropped, wanted.subtracting(state.services.keys))
        }
        for watch in dropped { watch.stop() }
        // Slow DNS does not hold up a start for long: the upstream answers 503 until its names are known.
        let deadline = Instant.now + .seconds(2)
        let answered = Latch(services.count)
        for name in services { watchService(name, answered) }
        answered.wait(timeout: deadline - .now)
        let hosts = missingHosts()
        let resolved = Latch(hosts.count)
        for name in hosts { watch(name, resolved) }
        resolved.wait(timeout: deadline - .now)
    }

    /// Forgets hosts that nobody needs any more; answers those that have to be looked up.
    private func missingHosts() -> Set<String> {
        let (dropped, missing) = state.withLock { state in
            let wanted = state.wantedHosts
            let dropped = state.names.filter { !wanted.contains($0.key) }.map(\.value.watch)
            state.names = state.names.filter { wanted.contains($0.key) }
            return (dropped, wanted.subtracting(state.names.keys))
        }
        for watch in dropped { watch.stop() }
        return missing
    }

    // MARK: Hosts

    private func watch(_ name: String, _ answered: Latch?) {
        let first = Once()
        let watch = resolver.watch(name) { [weak self] addresses in
            self?.resolved(name, addresses)
            if first.take() { answered?.countDown() }
        }
        state.withLock { state in
            if state.names[name] == nil { state.names[name] = Known(watch: watch, answers: []) }
        }
        // The answer may have come before the name was noted.
        resolved(name, watch.addresses)
    }

    private func resolved(_ name: String, _ addresses: [IPAddress]) {
        let isNews = state.withLock { state in
            guard let known = state.names[name], known.answers != addresses, !addresses.isEmpty else { return false }
            state.names[name]?.answers = addresses
            return true
        }
        if isNews { changed.withLock { $0 }?() }
    }

    // MARK: Services

    private func watchService(_ name: String, _ answered: Latch) {
        let first = Once()
        let watch = resolver.watchServices(name) { [weak self] places in
            self?.found(name, places)
            if first.take() { answered.countDown() }
        }
        state.withLock { state in
            if state.services[name] == nil { state.services[name] = Known(watch: watch, answers: []) }
        }
        found(name, watch.services)
    }

    private func found(_ name: String, _ places: [ServiceRecord]) {
        let isNews = state.withLock { state in
            guard let known = state.services[name], known.answers != places, !places.isEmpty else { return false }
            state.services[name]?.answers = places
            return true
        }
        guard isNews else { return }
        for host in missingHosts() { watch(host, nil) }
        changed.withLock { $0 }?()
    }

    // MARK: Endpoints

    /// By upstream.
    var endpoints: [String: [EndpointSettings]] {
        state.withLock { state in
            var result: [String: [EndpointSettings]] = [:]
            for upstream in state.upstreams { result[upstream.settings.name] = upstream.endpoints.flatMap(state.endpoints) }
            return result
        }
    }

    /// What has to be checked actively.
    var checks: [HealthMonitor.Check] {
        let endpoints = self.endpoints
        let upstreams = state.withLock { $0.upstreams }
        return upstreams.flatMap { upstream -> [HealthMonitor.Check] in
            guard let health = upstream.settings.health else { return [] }
            return (endpoints[upstream.settings.name] ?? []).map {
                HealthMonitor.Check(upstream: upstream.settings.name, endpoint: $0, settings: health, tls: upstream.tls)
            }
        }
    }

    func stop() { resolver.stop() }
}

extension EndpointDirectory.State {
    fileprivate var wantedServices: Set<String> {
        var wanted: Set<String> = []
        for upstream in upstreams {
            for case .service(let name, _) in upstream.endpoints { wanted.insert(name) }
        }
        return wanted
    }

    /// Those that the configuration names, and those of services.
    fileprivate var wantedHosts: Set<String> {
        var wanted: Set<String> = []
        for upstream in upstreams {
            for case .name(let name, _, _, _) in upstream.endpoints { wanted.insert(name) }
        }
        for service in services.values { for place in service.answers { wanted.insert(place.host) } }
        return wanted
    }

    fileprivate func endpoints(_ source: EndpointSource) -> [EndpointSettings] {
        switch source {
        case .address(let settings): return [settings]
        case .name(let name, let port, let weight, let each):
            let addresses = names[name]?.answers ?? []
            return (each ? addresses[...] : addresses.prefix(1)).map {
                EndpointSettings(name: "\(name):\(port)", address: .ip($0, port: port), weight: weight)
            }
        case .service(let name, let weight):
            return (services[name]?.answers ?? []).flatMap { place in
                (names[place.host]?.answers ?? []).map { address in
                    // "Records with weight 0 should have a very small chance" (RFC 2782), beside heavier ones.
                    EndpointSettings(
                        name: "\(place.host):\(place.port)", address: .ip(address, port: place.port), weight: weight * max(1, Int(place.weight)))
                }
            }
        }
    }
}

/// True once.
private final class Once: Sendable {
    private let taken = Atomic<Bool>(false)
    func take() -> Bool { !taken.exchange(true, ordering: .acquiringAndReleasing) }
}
