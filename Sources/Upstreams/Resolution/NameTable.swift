import Reactor

/// Decides which name is looked up when, and who is told. Pure: time comes in, work goes out.
struct NameTable {
    typealias Outcome = Result<ResolvedName, ResolutionError>
    typealias Completion = @Sendable (Outcome) -> Void

    enum Delivery {
        case watcher(WatchState, Outcome)
        case completion(Completion, Outcome)
    }

    enum Work {
        /// Look the name up, tell `finished`.
        case ask(NameQuestion)
        /// Deliver what is known, tell `delivered`.
        case deliver(NameQuestion, [Delivery])
    }

    private struct Entry {
        var watchers: [UInt64: WatchState] = [:]
        /// Watchers that have not been told what is known.
        var fresh: [UInt64] = []
        var waiting: [Completion] = []
        var outcome: Outcome?
        /// When it is to be looked up again.
        var due: Instant
        /// A thread is at it.
        var isTaken = false
    }

    private var entries: [NameQuestion: Entry] = [:]
    private var nextID: UInt64 = 1
    private let negativeTimeToLive: Nanoseconds
    private(set) var isStopped = false
    /// How many threads there are.
    var threads = 0

    init(negativeTimeToLive: Nanoseconds) { self.negativeTimeToLive = negativeTimeToLive }

    /// Names that are known or being looked up.
    var count: Int { entries.count }

    // MARK: Asking

    mutating func watch(_ question: NameQuestion, _ state: WatchState, now: Instant) -> UInt64 {
        defer { nextID += 1 }
        guard !isStopped else { return nextID }
        entries[question, default: Entry(due: now)].watchers[nextID] = state
        entries[question]?.fresh.append(nextID)
        return nextID
    }

    mutating func unwatch(_ question: NameQuestion, _ id: UInt64) {
        entries[question]?.watchers[id] = nil
        entries[question]?.fresh.removeAll { $0 == id }
    }

    mutating func resolve(_ question: NameQuestion, _ completion: @escaping Completion, now: Instant) {
        entries[question, default: Entry(due: now)].waiting.append(completion)
    }

    // MARK: Working

    /// What to do now; else until when to wait; nothing ever more when stopped.
    mutating func next(now: Instant) -> Monitor<NameTable>.Step<Work> {
        if isStopped { return .end }
        var soonest = Instant.never
        var overdue: (question: NameQuestion, due: Instant)?
        for (question, entry) in entries where !entry.isTaken {
            let isWanted = !entry.watchers.isEmpty || !entry.waiting.isEmpty
            if entry.due <= now {
                if isWanted {
                    if overdue.map({ entry.due < $0.due }) ?? true { overdue = (question, entry.due) }
                } else {
                    entries[question] = nil
                }
            } else if !entry.waiting.isEmpty || !entry.fresh.isEmpty, let outcome = entry.outcome {
                return .done(.deliver(question, take(question, outcome, onlyFresh: true)))
            } else {
                soonest = min(soonest, entry.due)
            }
        }
        guard let overdue else { return .wait(until: soonest) }
        entries[overdue.question]?.isTaken = true
        return .done(.ask(overdue.question))
    }

    /// A lookup is over. The name stays taken until `delivered`.
    mutating func finished(_ question: NameQuestion, _ outcome: Outcome, now: Instant) -> [Delivery] {
        switch outcome {
        case .success(let name): entries[question]?.due = now + name.timeToLive
        case .failure: entries[question]?.due = now + negativeTimeToLive
        }
        entries[question]?.outcome = outcome
        return take(question, outcome, onlyFresh: false)
    }

    mutating func delivered(_ question: NameQuestion) { entries[question]?.isTaken = false }

    /// Forgets everything; what remains are those who still wait.
    mutating func stop() -> [Completion] {
        isStopped = true
        defer { entries = [:] }
        return entries.values.flatMap(\.waiting)
    }

    private mutating func take(_ question: NameQuestion, _ outcome: Outcome, onlyFresh: Bool) -> [Delivery] {
        guard let entry = entries[question] else { return [] }
        let ids = onlyFresh ? entry.fresh : entry.watchers.keys.sorted()
        entries[question]?.isTaken = true
        entries[question]?.fresh = []
        entries[question]?.waiting = []
        return ids.compactMap { entry.watchers[$0] }.map { .watcher($0, outcome) } + entry.waiting.map { .completion($0, outcome) }
    }
}
