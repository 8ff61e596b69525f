package import Primitives
import Reactor
private import Synchronization

/// A name that the resolver keeps fresh. Releasing it stops that.
package final class WatchedName: Sendable {
    private let state: WatchState
    private let table: Monitor<NameTable>?
    private let id: UInt64

    init(_ state: WatchState, table: Monitor<NameTable>?, id: UInt64) {
        self.state = state
        self.table = table
        self.id = id
    }

    deinit { stop() }

    package var host: String { state.question.host }
    /// The last good addresses; empty before the first.
    package var addresses: [IPAddress] { state.current.name?.addresses ?? [] }
    /// The last good places of a service; empty before the first.
    package var services: [ServiceRecord] { state.current.name?.services ?? [] }
    /// Why the last refresh failed; nil when it did not.
    package var failure: ResolutionError? { state.current.failure }

    /// No call begins after this; one that is under way may still be ending.
    package func stop() {
        state.stop()
        table?.withLock { $0.unwatch(state.question, id) }
    }
}

/// What a watched name and the resolver's threads share.
final class WatchState: Sendable {
    struct Current {
        var name: ResolvedName?
        var failure: ResolutionError?
        var isStopped = false
    }

    let question: NameQuestion
    private let changed: @Sendable (ResolvedName) -> Void
    private let mutable = Mutex(Current())

    init(_ question: NameQuestion, changed: @escaping @Sendable (ResolvedName) -> Void) {
        self.question = question
        self.changed = changed
    }

    var current: Current { mutable.withLock { $0 } }

    func stop() { mutable.withLock { $0.isStopped = true } }

    func deliver(_ name: ResolvedName) {
        let isNew = mutable.withLock { current in
            guard !current.isStopped else { return false }
            current.failure = nil
            defer { current.name = name }
            return current.name?.addresses != name.addresses || current.name?.services != name.services
        }
        if isNew { changed(name) }
    }

    func deliver(_ error: ResolutionError) { mutable.withLock { $0.failure = error } }
}
