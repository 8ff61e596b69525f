package import Reactor
package import Synchronization

/// What is known of an upstream by what became of requests: its breakers, and which endpoints are ejected. One object for all
/// event loops, kept from one snapshot to the next. Requests take no lock here; ejections and open breakers do.
package final class UpstreamState: Sendable {
    package let name: String
    package let passive: PassiveHealthSettings?
    package let breakerSettings: BreakerSettings?
    /// The upstream's own, unless each endpoint has one.
    package let breaker: Breaker?
    private let loops: Int
    private let core: Mutex<Core>
    /// When endpoints are compared next.
    private let due = Atomic<UInt64>(0)
    /// Told what changes, on the loop that has noticed.
    package let observer = Mutex<(@Sendable (UpstreamEvent) -> Void)?>(nil)

    private struct Core {
        var endpoints: [SocketAddress: EndpointState] = [:]
        var ledger = EjectionLedger()
        /// What the endpoints had done when they were compared last.
        var compared: [SocketAddress: EndpointFigures] = [:]
    }

    /// - Parameter before: what it was under the configuration before; what is still true of the endpoints is taken over.
    package init(_ settings: UpstreamSettings, loops: Int, before: UpstreamState? = nil) {
        name = settings.name
        passive = settings.passive
        breakerSettings = settings.breaker
        self.loops = loops
        let keepsBreakers = before?.breakerSettings == settings.breaker && before?.loops == loops
        if let breaker = settings.breaker, !breaker.isPerEndpoint {
            self.breaker = keepsBreakers ? before?.breaker : Breaker(breaker, loops: loops)
        } else {
            breaker = nil
        }
        var core = Core()
        if let before {
            let old = before.core.withLock { $0 }
            if passive != nil { core.ledger = old.ledger }
            for (address, state) in old.endpoints {
                let breaker = keepsBreakers ? state.breaker : UpstreamState.endpointBreaker(settings.breaker, loops)
                let next = EndpointState(EndpointSettings(name: state.name, address: address), breaker: breaker, loops: loops)
                if passive != nil { next.takeOver(state) }
                core.endpoints[address] = next
            }
        }
        self.core = Mutex(core)
    }

    private static func endpointBreaker(_ settings: BreakerSettings?, _ loops: Int) -> Breaker? {
        settings.flatMap { $0.isPerEndpoint ? Breaker($0, loops: loops) : nil }
    }

    /// Whether it can stand for these settings too.
    package func fits(_ settings: UpstreamSettings, loops: Int) -> Bool {
        passive == settings.passive && breakerSettings == settings.breaker && self.loops == loops
    }

    /// Nobody needs to be told what becomes of requests.
    package var isIdle: Bool { passive == nil && breakerSettings == nil }

    // MARK: Endpoints

    /// These are the endpoints now; answers what is known of each.
    package func update(_ endpoints: [EndpointSettings]) -> [SocketAddress: EndpointState] {
        core.withLock { core in
            let wanted = Set(endpoints.map(\.address))
            core.endpoints = core.endpoints.filter { wanted.contains($0.key) }
            core.compared = core.compared.filter { wanted.contains($0.key) }
            core.ledger.keep(wanted)
            for settings in endpoints where core.endpoints[settings.address] == nil {
                core.endpoints[settings.address] = EndpointState(
                    settings, breaker: UpstreamState.endpointBreaker(breakerSettings, loops), loops: loops)
            }
            return core.endpoints
        }
    }

    package var endpoints: [EndpointState] {
        core.withLock { $0.endpoints.values.sorted { $0.name < $1.name } }
    }

    // MARK: What becomes of requests

    /// A try has come to an answer, or failed. True: which endpoints may be used has changed.
    package func note(_ outcome: AttemptOutcome, of endpoint: EndpointState, probes: ProbeSet, loop: Int, _ now: Instant) -> Bool {
        var hasChanged = false
        if let breaker, let state = breaker.note(outcome, isProbe: probes.contains(.upstream), loop: loop, now) {
            tell(.breaker(state), nil, now)
        }
        if let breaker = endpoint.breaker, let state = breaker.note(outcome, isProbe: probes.contains(.endpoint), loop: loop, now) {
            tell(.breaker(state), endpoint, now)
            hasChanged = true
        }
        guard let passive else { return hasChanged }
        if endpoint.note(outcome, passive, loop: loop, now), eject(endpoint, .failures, passive, now) { hasChanged = true }
        if passive.compares, compareIfDue(passive, now) { hasChanged = true }
        return hasChanged
    }

    /// May a request go to the upstream at all? Adds to `probes` what it tries out.
    package func admit(_ now: Instant, _ probes: inout ProbeSet) -> Admission {
        guard let breaker else { return .pass }
        return admit(breaker, nil, .upstream, now, &probes)
    }

    /// May a request go to this endpoint?
    package func admit(to endpoint: EndpointState, _ now: Instant, _ probes: inout ProbeSet) -> Admission {
        guard let breaker = endpoint.breaker else { return .pass }
        return admit(breaker, endpoint, .endpoint, now, &probes)
    }

    package enum Admission: Sendable, Equatable {
        case pass
        /// Nobody knows until when, if nil.
        case refused(until: Instant?)
    }

    private func admit(
        _ breaker: Breaker, _ endpoint: EndpointState?, _ probe: ProbeSet, _ now: Instant, _ probes: inout ProbeSet
    ) -> Admission {
        let (admission, change) = breaker.admit(now)
        if let change { tell(.breaker(change), endpoint, now) }
        switch admission {
        case .pass: return .pass
        case .probe:
            probes.insert(probe)
            return .pass
        case .refused(let until): return .refused(until: until)
        }
    }

    /// A request that tries a breaker out has come to no end that says anything.
    package func abandon(_ probes: ProbeSet, of endpoint: EndpointState?, _ now: Instant) {
        if probes.contains(.upstream) { breaker?.abandonProbe(now) }
        if probes.contains(.endpoint) { endpoint?.breaker?.abandonProbe(now) }
    }

    // MARK: Ejections

    private func eject(_ endpoint: EndpointState, _ cause: EjectionCause, _ settings: PassiveHealthSettings, _ now: Instant) -> Bool {
        let until = core.withLock { core -> Instant? in
            guard core.endpoints[endpoint.address] === endpoint,
                let until = core.ledger.eject(endpoint.address, of: core.endpoints.count, settings, now)
            else { return nil }
            endpoint.eject(until: until)
            return until
        }
        guard let until else { return false }
        tell(.ejected(cause, length: until - now), endpoint, now)
        return true
    }

    /// Ejections that are over end. True: there were such.
    package func endEjections(_ now: Instant) -> Bool {
        var hasChanged = false
        for endpoint in endpoints where endpoint.endEjection(now) {
            hasChanged = true
            tell(.returned, endpoint, now)
        }
        return hasChanged
    }

    /// Compares the endpoints with each other, once in a window, on the loop that comes first.
    private func compareIfDue(_ settings: PassiveHealthSettings, _ now: Instant) -> Bool {
        let due = self.due.load(ordering: .relaxed)
        guard now.nanoseconds >= due,
            self.due.compareExchange(expected: due, desired: (now + settings.window).nanoseconds, ordering: .relaxed).exchanged
        else { return false }
        var states: [EndpointState] = []
        var figures: [EndpointFigures] = []
        core.withLock { core in
            for (address, state) in core.endpoints.sorted(by: { $0.value.name < $1.value.name }) {
                let sum = state.figures
                figures.append(sum - (core.compared[address] ?? EndpointFigures()))
                states.append(state)
                core.compared[address] = sum
            }
        }
        // The first time nobody knows how long it has been.
        guard due != 0 else { return false }
        var hasChanged = false
        if let rule = settings.successRate {
            for place in OutlierRules.bySuccessRate(figures, rule) where eject(states[place], .successRate, settings, now) { hasChanged = true }
        }
        if let rule = settings.latency {
            for place in OutlierRules.byLatency(figures, rule) where eject(states[place], .latency, settings, now) { hasChanged = true }
        }
        return hasChanged
    }

    private func tell(_ change: UpstreamEvent.Change, _ endpoint: EndpointState?, _ now: Instant) {
        observer.withLock { $0 }?(UpstreamEvent(upstream: name, endpoint: endpoint?.name, change: change))
    }
}

/// What a request tries out.
package struct ProbeSet: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }
    /// The upstream's breaker.
    package static let upstream = ProbeSet(rawValue: 1)
    /// The breaker of the endpoint.
    package static let endpoint = ProbeSet(rawValue: 2)
}

package enum EjectionCause: String, Sendable { case failures, successRate = "success-rate", latency }

/// Something that operators want to hear of.
package struct UpstreamEvent: Sendable {
    package let upstream: String
    /// Nil for the upstream as a whole.
    package let endpoint: String?
    package let change: Change

    package enum Change: Sendable {
        case ejected(EjectionCause, length: Nanoseconds)
        case returned
        case breaker(BreakerMachine.State)
    }
}

extension UpstreamState: Equatable {
    package static func == (a: UpstreamState, b: UpstreamState) -> Bool { a === b }
}
