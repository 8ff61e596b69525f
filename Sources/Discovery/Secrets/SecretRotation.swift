import Reactor
import Synchronization

/// Asks the sources of secrets again when it is time, on a thread of its own, which exists once there is something to ask.
package final class SecretRotation: Sendable {
    private struct State {
        var due = Instant.never
        var isStopped = false
        var thread: LoopThread?
    }

    private let store: SecretStore
    private let state = Monitor(State())
    private let onRefresh: @Sendable (SecretStore.Refresh) -> Void

    /// - Parameter onRefresh: told of every round in which something happened, on the thread.
    package init(_ store: SecretStore, onRefresh: @escaping @Sendable (SecretStore.Refresh) -> Void) {
        self.store = store
        self.onRefresh = onRefresh
    }

    /// A configuration has been loaded: what it refers to is asked for from now on.
    package func reschedule() {
        let due = store.due
        state.withLock { state in
            state.due = due
            guard due != .never, state.thread == nil, !state.isStopped else { return }
            state.thread = try? LoopThread.start("rotation") { [self] in run() }
        }
    }

    /// Ends the thread and waits for it.
    package func stop() {
        let thread = state.withLock { state in
            state.isStopped = true
            return state.thread
        }
        thread?.join()
    }

    private func run() {
        while state.next({ $0.isStopped ? .end : $0.due <= .now ? .done(()) : .wait(until: $0.due) }) != nil {
            let refresh = store.refresh()
            let due = store.due
            state.withLock { $0.due = due }
            if refresh.hasChanged || !refresh.remarks.isEmpty { onRefresh(refresh) }
        }
    }
}
