package import Reactor
import Synchronization

/// What is known of one endpoint by what became of requests. One object for all event loops; it outlives snapshots.
package final class EndpointState: Sendable {
    package let name: String
    package let address: SocketAddress
    /// Where the upstream has one for each endpoint.
    package let breaker: Breaker?
    private let tallies: [Tally]
    private let streak = Atomic<UInt32>(0)
    private let streakBegan = Atomic<UInt64>(0)
    private let ejectedUntilWord = Atomic<UInt64>(0)
    private let ejectionCount = Atomic<UInt64>(0)

    /// What one loop has counted: nobody else writes it.
    fileprivate final class Tally: Sendable {
        let requests = Atomic<UInt64>(0)
        let failures = Atomic<UInt64>(0)
        let answers = Atomic<UInt64>(0)
        let latency = Atomic<UInt64>(0)
    }

    init(_ settings: EndpointSettings, breaker: Breaker?, loops: Int) {
        name = settings.name
        address = settings.address
        self.breaker = breaker
        tallies = (0..<max(1, loops)).map { _ in Tally() }
    }

    /// Until when it is left out; nil when it is not. It stays out until `return` is called, when that moment has come.
    package var ejectedUntil: Instant? {
        let word = ejectedUntilWord.load(ordering: .relaxed)
        return word == 0 ? nil : Instant(nanoseconds: word)
    }

    /// How often it was ejected.
    package var ejections: UInt64 { ejectionCount.load(ordering: .relaxed) }

    /// When it will be asked again, at the earliest; nil when it may be now.
    package func pausedUntil(_ now: Instant) -> Instant? {
        let ejected = ejectedUntil, closed = breaker?.closedUntil(now)
        guard let ejected, ejected > now else { return closed }
        return closed.map { max($0, ejected) } ?? ejected
    }

    // MARK: Counting

    /// True: the endpoint has failed so often in a row that it should be ejected.
    func note(_ outcome: AttemptOutcome, _ settings: PassiveHealthSettings, loop: Int, _ now: Instant) -> Bool {
        let isFailure = outcome.isFailure(settings.statuses)
        if settings.compares, tallies.indices.contains(loop) { tallies[loop].note(outcome, isFailure) }
        guard isFailure else {
            // Rarely written, so that loops do not contend for it.
            if streak.load(ordering: .relaxed) != 0 { streak.store(0, ordering: .relaxed) }
            return false
        }
        guard settings.failures > 0 else { return false }
        let began = streakBegan.load(ordering: .relaxed)
        if streak.load(ordering: .relaxed) == 0 || now - Instant(nanoseconds: began) > settings.window {
            streakBegan.store(now.nanoseconds, ordering: .relaxed)
            streak.store(1, ordering: .relaxed)
            return settings.failures == 1
        }
        return streak.wrappingAdd(1, ordering: .relaxed).newValue >= UInt32(clamping: settings.failures)
    }

    /// Everything since the start, of all loops.
    var figures: EndpointFigures {
        tallies.reduce(into: EndpointFigures()) { sum, tally in
            sum.requests &+= tally.requests.load(ordering: .relaxed)
            sum.failures &+= tally.failures.load(ordering: .relaxed)
            sum.answers &+= tally.answers.load(ordering: .relaxed)
            sum.latency &+= tally.latency.load(ordering: .relaxed)
        }
    }

    func eject(until: Instant) {
        ejectedUntilWord.store(until.nanoseconds, ordering: .relaxed)
        ejectionCount.wrappingAdd(1, ordering: .relaxed)
        streak.store(0, ordering: .relaxed)
    }

    /// True for the one caller that has brought it back.
    func endEjection(_ now: Instant) -> Bool {
        let word = ejectedUntilWord.load(ordering: .relaxed)
        guard word != 0, word <= now.nanoseconds else { return false }
        return ejectedUntilWord.compareExchange(expected: word, desired: 0, ordering: .relaxed).exchanged
    }

    /// What was known under other settings.
    func takeOver(_ other: EndpointState) {
        ejectedUntilWord.store(other.ejectedUntilWord.load(ordering: .relaxed), ordering: .relaxed)
        ejectionCount.store(other.ejections, ordering: .relaxed)
    }
}

extension EndpointState.Tally {
    fileprivate func note(_ outcome: AttemptOutcome, _ isFailure: Bool) {
        if outcome.kind != .brokenOff { requests.increase(by: 1) }
        if isFailure { failures.increase(by: 1) }
        guard outcome.kind == .answered else { return }
        answers.increase(by: 1)
        latency.increase(by: outcome.latency)
    }
}

extension Atomic<UInt64> {
    /// For the one thread that writes.
    fileprivate borrowing func increase(by amount: UInt64) { store(load(ordering: .relaxed) &+ amount, ordering: .relaxed) }
}
