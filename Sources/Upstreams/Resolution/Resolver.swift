package import Primitives
import Reactor

/// Resolves host names to addresses, and services to hosts, on threads of its own, off the event loops, and keeps watched names fresh.
///
/// In this order: literals, at once; `/etc/hosts`; A and AAAA of the DNS, whose time to live is honoured within bounds;
/// the system's own resolver (`getaddrinfo`), which knows of other sources. Names that several parts of the gateway ask for
/// are looked up once. No thread exists until a name needs one; the resolver lives as long as the process, or until
/// `stop`.
package final class Resolver: Sendable {
    private let names: Monitor<NameTable>
    private let lookup: NameLookup
    private let threads: Int

    package init(_ settings: ResolverSettings = .fromEnvironment) {
        lookup = NameLookup(settings)
        threads = max(1, settings.threads)
        names = Monitor(NameTable(negativeTimeToLive: settings.negativeTimeToLive))
    }

    /// Keeps `host` fresh until the result is stopped or released.
    ///
    /// `changed` is called with all addresses when they are first known, and whenever they are others than before; one
    /// call at a time, on a thread of the resolver, or, for a literal, before this returns. While a name can't be
    /// resolved, its last good addresses stay; `WatchedName.failure` says why.
    package func watch(_ host: String, _ changed: @escaping @Sendable ([IPAddress]) -> Void) -> WatchedName {
        let state = WatchState(NameQuestion(host)) { changed($0.addresses) }
        if let address = NameLookup.literal(host) {
            state.deliver(ResolvedName([address], timeToLive: .max, source: .literal))
            return WatchedName(state, table: nil, id: 0)
        }
        return watch(state)
    }

    /// Keeps the places of a service (SRV records, RFC 2782) fresh, in the same way.
    package func watchServices(_ name: String, _ changed: @escaping @Sendable ([ServiceRecord]) -> Void) -> WatchedName {
        watch(WatchState(NameQuestion(name, .services)) { changed($0.services) })
    }

    private func watch(_ state: WatchState) -> WatchedName {
        start()
        let id = names.withLock { $0.watch(state.question, state, now: .now) }
        return WatchedName(state, table: names, id: id)
    }

    /// Resolves `host` once; `completion` is called like `changed` of `watch`. What is known already is not asked again.
    package func resolve(_ host: String, _ completion: @escaping @Sendable (Result<ResolvedName, ResolutionError>) -> Void) {
        if let address = NameLookup.literal(host) {
            return completion(.success(ResolvedName([address], timeToLive: .max, source: .literal)))
        }
        start()
        let isStopped = names.withLock { table in
            if !table.isStopped { table.resolve(NameQuestion(host), completion, now: .now) }
            return table.isStopped
        }
        if isStopped { completion(.failure(.stopped)) }
    }

    /// The addresses of a host, for whoever may wait: not for event loops.
    package func resolve(_ host: String) async throws(ResolutionError) -> ResolvedName {
        let result = await withCheckedContinuation { continuation in
            resolve(host) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// Ends the threads, each when its lookup is over. Watched names keep what they have.
    package func stop() {
        for completion in names.withLock({ $0.stop() }) { completion(.failure(.stopped)) }
    }

    // MARK: Threads

    private func start() {
        let missing = names.withLock { table in
            guard table.threads == 0, !table.isStopped else { return 0 }
            table.threads = threads
            return threads
        }
        for i in 0..<missing {
            do {
                // Nobody joins these threads: a lookup may take seconds to end.
                try LoopThread.start("resolver-\(i)") { [self] in run() }.detach()
            } catch {
                // Those that did start do the work; without any, the next name tries again.
                names.withLock { $0.threads -= 1 }
            }
        }
    }

    private func run() {
        while let work = names.next({ $0.next(now: .now) }) {
            switch work {
            case .ask(let question):
                let result = lookup.resolve(question)
                let deliveries = names.withLock { $0.finished(question, result, now: .now) }
                perform(deliveries, question)
            case .deliver(let question, let deliveries): perform(deliveries, question)
            }
        }
    }

    /// The name stays taken meanwhile, so that one watcher is not called by two threads.
    private func perform(_ deliveries: [NameTable.Delivery], _ question: NameQuestion) {
        for delivery in deliveries {
            switch delivery {
            case .watcher(let state, .success(let name)): state.deliver(name)
            case .watcher(let state, .failure(let error)): state.deliver(error)
            case .completion(let completion, let result): completion(result)
            }
        }
        names.withLock { $0.delivered(question) }
    }
}
