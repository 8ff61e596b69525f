import Reactor
import Synchronization

/// A value that is fetched from elsewhere: kept for a while, renewed by one request at a time, and kept for longer when it can't be had.
final class Fetched<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        /// Seconds of the Unix clock.
        var fetched = Int.min / 2
        var tried = Int.min / 2
        var task: Task<Value?, Never>?
    }

    private let state = Mutex(State())
    private let lifetime: Int
    private let pause: Int
    private let fetch: @Sendable (EventLoop?) async -> Value?

    /// - Parameters:
    ///   - lifetime: seconds after which a value is fetched anew.
    ///   - pause: seconds between two tries.
    init(lifetime: Int, pause: Int, fetch: @escaping @Sendable (EventLoop?) async -> Value?) {
        self.lifetime = lifetime
        self.pause = pause
        self.fetch = fetch
    }

    /// The value, if it is there, however old.
    var known: Value? { state.withLock { $0.value } }

    /// The value, fetched if it is not there; one that is too old is renewed while it is used.
    ///
    /// - Parameter loop: where that is done, also when the task that asks is cancelled meanwhile; nil: anywhere.
    func value(now: Int, on loop: EventLoop?) async -> Value? {
        let (known, task) = state.withLock { state -> (Value?, Task<Value?, Never>?) in
            let isFresh = state.value != nil && now - state.fetched < lifetime
            return (state.value, isFresh ? nil : begin(&state, now, loop, pause: state.value == nil ? 1 : pause))
        }
        if let known { return known }
        return await task?.value
    }

    /// A newer value, because the one that is known does not do; at most one in each pause.
    func renewed(now: Int, on loop: EventLoop?) async -> Value? {
        let task = state.withLock { begin(&$0, now, loop, pause: pause) }
        guard let task else { return known }
        return await task.value ?? known
    }

    private func begin(_ state: inout State, _ now: Int, _ loop: EventLoop?, pause: Int) -> Task<Value?, Never>? {
        if let task = state.task { return task }
        guard now - state.tried >= pause else { return nil }
        state.tried = now
        let task = Task<Value?, Never>(executorPreference: loop) { [weak self, fetch] in
            let value = await fetch(loop)
            self?.land(value, now)
            return value
        }
        state.task = task
        return task
    }

    private func land(_ value: Value?, _ now: Int) {
        state.withLock { state in
            state.task = nil
            guard let value else { return }
            state.value = value
            state.fetched = now
        }
    }
}
