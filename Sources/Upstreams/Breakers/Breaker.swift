package import Reactor
import Synchronization

/// Stops asking a service that fails, for a while. One for all event loops.
///
/// While it is closed, a request costs one look at a word that is rarely written, and its outcome is counted on its own loop;
/// the condition is evaluated a few times a second. Only an open breaker takes a lock.
package final class Breaker: Sendable {
    package let settings: BreakerSettings
    /// Most often that the condition is evaluated.
    private let interval: Nanoseconds
    private let figures: [SlidingFigures]
    private let isClosed = Atomic<Bool>(true)
    /// When the condition is evaluated next.
    private let due = Atomic<UInt64>(0)
    /// Counts the times that it has closed: what was counted before is forgotten.
    private let generation = Atomic<UInt64>(0)
    private let opened = Atomic<UInt64>(0)
    private let refusals = Atomic<UInt64>(0)
    private let core: Mutex<Core>

    private struct Core: ~Copyable {
        var machine: BreakerMachine
        let evaluator = BreakerEvaluator()
        /// What the probes brought.
        var probes = WindowFigures()
    }

    package init(_ settings: BreakerSettings, loops: Int) {
        self.settings = settings
        interval = min(.milliseconds(250), max(.milliseconds(10), settings.window / 10))
        figures = (0..<max(1, loops)).map { _ in SlidingFigures(window: settings.window) }
        core = Mutex(Core(machine: BreakerMachine(openFor: settings.openFor, probes: settings.halfOpen)))
    }

    package var state: BreakerMachine.State { core.withLock { $0.machine.state } }
    /// How often it has opened, and how many requests it has refused.
    package var counts: (opened: UInt64, refused: UInt64) { (opened.load(ordering: .relaxed), refusals.load(ordering: .relaxed)) }

    /// Until when no request goes through, as far as that is known.
    package func closedUntil(_ now: Instant) -> Instant? {
        guard !isClosed.load(ordering: .relaxed), case .open(let until) = state, until > now else { return nil }
        return until
    }

    /// May a request go through? A probe has to be given back by `note` or `abandonProbe`.
    package func admit(_ now: Instant) -> (admission: BreakerMachine.Admission, change: BreakerMachine.State?) {
        if isClosed.load(ordering: .relaxed) { return (.pass, nil) }
        return core.withLock { core in
            let before = core.machine.state
            let admission = core.machine.admit(now)
            if case .open = before, admission == .probe { core.probes.clear() }
            if case .refused = admission { refusals.wrappingAdd(1, ordering: .relaxed) }
            return (admission, before.label == core.machine.state.label ? nil : core.machine.state)
        }
    }

    /// A request has ended. Answers the new state when it has changed.
    package func note(_ outcome: AttemptOutcome, isProbe: Bool, loop: Int, _ now: Instant) -> BreakerMachine.State? {
        let isFailure = outcome.isFailure(settings.statuses)
        if isProbe { return probeEnded(outcome, isFailure, now) }
        // What was under way when it opened changes nothing.
        guard isClosed.load(ordering: .relaxed), figures.indices.contains(loop) else { return nil }
        figures[loop].note(outcome, isFailure: isFailure, now, generation: generation.load(ordering: .relaxed))
        let due = self.due.load(ordering: .relaxed)
        guard now.nanoseconds >= due else { return nil }
        // One loop evaluates.
        let next = (now + interval).nanoseconds
        guard self.due.compareExchange(expected: due, desired: next, ordering: .relaxed).exchanged else { return nil }
        return evaluate(now)
    }

    /// A probe has come to no end that says anything.
    package func abandonProbe(_ now: Instant) { core.withLock { _ = $0.machine.probeEnded(.unknown, now) } }

    private func evaluate(_ now: Instant) -> BreakerMachine.State? {
        core.withLock { core in
            guard case .closed = core.machine.state else { return nil }
            core.evaluator.figures.clear()
            let generation = generation.load(ordering: .relaxed)
            for loop in figures { loop.add(to: &core.evaluator.figures, now, generation: generation) }
            guard core.evaluator.figures.requests >= settings.minimumRequests, core.evaluator.holds(settings.condition) else { return nil }
            core.machine.trip(now)
            open()
            return core.machine.state
        }
    }

    private func probeEnded(_ outcome: AttemptOutcome, _ isFailure: Bool, _ now: Instant) -> BreakerMachine.State? {
        core.withLock { core in
            let before = core.machine.state
            guard case .halfOpen = before else { return nil }
            core.probes.note(outcome, isFailure: isFailure)
            if core.machine.probeEnded(isFailure ? .bad : .good, now) {
                core.evaluator.figures = core.probes
                core.machine.decide(isTooSlow: core.evaluator.holds(settings.condition), now)
            }
            switch core.machine.state {
            case .halfOpen: return nil
            case .open: open()
            case .closed:
                generation.wrappingAdd(1, ordering: .relaxed)
                due.store(0, ordering: .relaxed)
                isClosed.store(true, ordering: .releasing)
            }
            return core.machine.state
        }
    }

    private func open() {
        isClosed.store(false, ordering: .releasing)
        opened.wrappingAdd(1, ordering: .relaxed)
    }

    /// What the window holds now.
    package func figures(_ now: Instant) -> WindowFigures {
        var sum = WindowFigures()
        let generation = generation.load(ordering: .relaxed)
        for loop in figures { loop.add(to: &sum, now, generation: generation) }
        return sum
    }
}
