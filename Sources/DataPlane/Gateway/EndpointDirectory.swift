import Primitives
import Reactor
import Synchronization
import Upstreams

/// Which endpoints each upstream has now: those that the configuration names by address, and what DNS says of the rest.
final class EndpointDirectory: Sendable {
    private struct State {
        var upstreams: [CompiledUpstream] = []
        var names: [String: Name] = [:]
    }

    private struct Name {
        let watch: WatchedName
        var addresses: [IPAddress]
    }

    private let state = Mutex(State())
    private let resolver: Resolver
    /// Called, on the resolver's thread, when an answer has changed.
    let changed = Mutex<(@Sendable () -> Void)?>(nil)

    init(resolver: Resolver) { self.resolver = resolver }

    /// Takes over the upstreams of a snapshot: new names are looked up, and waited for a moment; names that nobody uses
    /// any more are forgotten.
    func update(_ upstreams: [CompiledUpstream]) {
        var wanted: Set<String> = []
        for upstream in upstreams {
            for case .name(let name, _, _, _) in upstream.endpoints { wanted.insert(name) }
        }
        let (dropped, missing) = state.withLock { state in
            state.upstreams = upstreams
            let dropped = state.names.filter { !wanted.contains($0.key) }.map(\.value.watch)
            state.names = state.names.filter { wanted.contains($0.key) }
            return (dropped, wanted.subtracting(state.names.keys))
        }
        for watch in dropped { watch.stop() }
        guard !missing.isEmpty else { return }
        let answered = Latch(missing.count)
        for name in missing { watch(name, answered) }
        // Slow DNS does not hold up a start for long: the upstream answers 503 until its names are known.
        answered.wait(timeout: .seconds(2))
    }

    private func watch(_ name: String, _ answered: Latch) {
        let first = Once()
        let watch = resolver.watch(name) { [weak self] addresses in
            self?.resolved(name, addresses)
            if first.take() { answered.countDown() }
        }
        state.withLock { state in
            if state.names[name] == nil { state.names[name] = Name(watch: watch, addresses: []) }
        }
        // The answer may have come before the name was noted.
        resolved(name, watch.addresses)
    }

    private func resolved(_ name: String, _ addresses: [IPAddress]) {
        let isNews = state.withLock { state in
            guard let known = state.names[name], known.addresses != addresses, !addresses.isEmpty else { return false }
            state.names[name]?.addresses = addresses
            return true
        }
        if isNews { changed.withLock { $0 }?() }
    }

    /// By upstream.
    var endpoints: [String: [EndpointSettings]] {
        state.withLock { state in
            var result: [String: [EndpointSettings]] = [:]
            for upstream in state.upstreams {
                result[upstream.settings.name] = upstream.endpoints.flatMap { source -> [EndpointSettings] in
                    switch source {
                    case .address(let settings): return [settings]
                    case .name(let name, let port, let weight, let each):
                        let addresses = state.names[name]?.addresses ?? []
                        return (each ? addresses[...] : addresses.prefix(1)).map {
                            EndpointSettings(name: "\(name):\(port)", address: .ip($0, port: port), weight: weight)
                        }
                    }
                }
            }
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

/// True once.
private final class Once: Sendable {
    private let taken = Atomic<Bool>(false)
    func take() -> Bool { !taken.exchange(true, ordering: .acquiringAndReleasing) }
}
