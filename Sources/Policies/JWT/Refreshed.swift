import Reactor
import Synchronization

/// Why a document can't be used.
struct LoadFailure: Error, Equatable, Sendable {
    let message: String
    init(_ message: String) { self.message = message }
}

/// A document that others publish, whatever it holds.
protocol RefreshedDocument: AnyObject, Sendable {
    /// Changes whenever what it holds does.
    var version: UInt64 { get }
    var figures: RefreshFigures { get }
    func isDue(now: Instant) -> Bool
    func isStale(now: Instant) -> Bool
    /// Loads it if that is due, without waiting.
    func refreshLater(on loop: EventLoop)
    /// Loads it if that is due, or waits for somebody who does.
    func refresh(on loop: EventLoop) async
}

struct RefreshFigures: Equatable {
    var loads: UInt64 = 0
    var failures: UInt64 = 0
}

/// A document that others publish, read: a key set, a list of what is revoked. It is loaded again in the background, by whoever comes first
/// when it is due; while that fails, the last one that was good stays. Shared by all loops, whose requests look at two numbers unless
/// something is to do.
final class Refreshed<Value: Sendable>: RefreshedDocument {
    private struct State: Sendable {
        var plan: RefreshPlan
        var value: Value?
        var text: [UInt8]?
        var loading: Task<Void, Never>?
        var figures = RefreshFigures()
        var failure: String?
    }

    private let state: Mutex<State>
    private let due = Atomic<UInt64>(0)
    private let stale: Atomic<UInt64>
    private let changes = Atomic<UInt64>(0)
    private let load: @Sendable (EventLoop) async -> Result<[UInt8], LoadFailure>
    private let parse: @Sendable ([UInt8]) -> Result<Value, LoadFailure>

    /// - Parameter first: what there is at the beginning, and what it was read from.
    init(
        _ plan: RefreshPlan, first: (value: Value, text: [UInt8])? = nil, load: @escaping @Sendable (EventLoop) async -> Result<[UInt8], LoadFailure>,
        parse: @escaping @Sendable ([UInt8]) -> Result<Value, LoadFailure>
    ) {
        state = Mutex(State(plan: plan, value: first?.value, text: first?.text))
        // What was read just now is read once more with the first request, which need not wait for it.
        stale = Atomic(first == nil ? 0 : .max)
        self.load = load
        self.parse = parse
    }

    /// Nil before it was ever loaded.
    var value: Value? { state.withLock { $0.value } }
    var version: UInt64 { changes.load(ordering: .acquiring) }
    var figures: RefreshFigures { state.withLock { $0.figures } }
    /// Why it could not be loaded the last time.
    var failure: String? { state.withLock { $0.failure } }

    func isDue(now: Instant) -> Bool { now.nanoseconds >= due.load(ordering: .relaxed) }
    func isStale(now: Instant) -> Bool { now.nanoseconds >= stale.load(ordering: .relaxed) }

    func refreshLater(on loop: EventLoop) { _ = start(on: loop) { $0.begin(now: $1) } }

    func refresh(on loop: EventLoop) async { await start(on: loop) { $0.begin(now: $1) }?.value }

    /// Loads it because something is not in it, unless that was done lately.
    func refreshForMiss(on loop: EventLoop) async { await start(on: loop) { $0.beginForMiss(now: $1) }?.value }

    /// The work to wait for, if there is any.
    private func start(on loop: EventLoop, _ begin: (inout RefreshPlan, Instant) -> Bool) -> Task<Void, Never>? {
        let now = loop.now
        return state.withLock { state in
            guard begin(&state.plan, now) else { return state.loading }
            // Nobody's own: it goes on when the exchange that has started it is over.
            let task = Task(executorPreference: loop) { await self.reload(on: loop, now) }
            state.loading = task
            return task
        }
    }

    private func reload(on loop: EventLoop, _ now: Instant) async {
        switch await load(loop) {
        case .failure(let failure): end(.failure(failure), now)
        case .success(let text) where text == state.withLock({ $0.text }): end(.success(nil), now)
        case .success(let text): end(await read(text).map { (value: $0, text: text) }, now)
        }
    }

    /// What takes long to read is read on a thread of its own.
    private func read(_ text: [UInt8]) async -> Result<Value, LoadFailure> {
        guard text.count > 32 << 10 else { return parse(text) }
        return await withCheckedContinuation { continuation in
            do {
                try LoopThread.start("document") { [parse] in continuation.resume(returning: parse(text)) }.detach()
            } catch {
                continuation.resume(returning: .failure(LoadFailure("there is no thread to read it on")))
            }
        }
    }

    /// - Parameter result: nil: it is as it was.
    private func end(_ result: Result<(value: Value, text: [UInt8])?, LoadFailure>, _ now: Instant) {
        state.withLock { state in
            state.loading = nil
            state.figures.loads += 1
            switch result {
            case .success(let news):
                state.failure = nil
                state.plan.end(succeeded: true, now: now)
                if let news {
                    state.value = news.value
                    state.text = news.text
                    changes.add(1, ordering: .releasing)
                }
            case .failure(let failure):
                state.failure = failure.message
                state.figures.failures += 1
                state.plan.end(succeeded: false, now: now)
            }
            due.store(state.plan.due.nanoseconds, ordering: .relaxed)
            stale.store(state.plan.stale.nanoseconds, ordering: .relaxed)
        }
    }
}
