internal import GatewayCore
internal import HTTPEngine
internal import Identity
internal import Primitives
internal import Reactor
private import Synchronization
internal import TLS
internal import Upstreams

/// Keeps automatic certificates: one of the gateways that share a store asks the authorities, all of them answer
/// challenges and serve what was issued.
///
/// All of it happens on an event loop of its own, so that neither files nor authorities delay an exchange. Its properties
/// are confined to that loop, but for those behind locks.
package final class CertificateService: @unchecked Sendable {
    let loop: EventLoop
    let table: CertificateTable
    let board: (any ChallengeBoard)?
    let report: @Sendable (CertificateEvent) -> Void
    let clock: LoopClock
    let resolver = Resolver()
    let fetcher: Fetcher
    private let thread: LoopThread
    private let published = Mutex<(statuses: [CertificateStatus], leads: Bool)>(([], false))
    private let isStopped = Atomic<Bool>(false)
    private let lookups = Atomic<Int>(0)

    var settings: CertificateServiceSettings?
    var store: CertificateStore?
    var election: LeaderElection
    var wasLeading = false
    /// By id, as they are in the store.
    var records: [String: CertificateRecord] = [:]
    var loaded: [String: (version: String, certificate: Certificate)] = [:]
    var seenChanges: [UInt8]?
    var clients: [String: ACMEClient] = [:]
    /// For services that are no authorities.
    var systemCallouts: FetchCallouts?
    var gate: OnDemandGate?
    /// Ids that are being worked on.
    var busy: [String: Task<Void, Never>] = [:]
    var isAsking = false
    /// Issuers that do not say when they would like certificates to be renewed.
    var silent: Set<String> = []
    /// Ids of names on demand that the limit has let through.
    var granted: Set<String> = []
    var limitReported: Instant?
    /// When names that nobody needs are forgotten next.
    var sweepAt: Int64 = 0
    var waiting: [String: WaitingHandshakes] = [:]
    private var lastStoreError: String?

    /// How often the store is looked at, and the lease is renewed.
    static let period: Nanoseconds = .milliseconds(1000)
    static let lease: Nanoseconds = .seconds(10)
    /// Certificates that are asked for at a time.
    static let mostBusy = 4
    /// Most challenges that are looked up at a time.
    private static let mostLookups = 64

    /// Starts the loop, with nothing to do.
    ///
    /// - Parameter board: where other gateways hear of challenges.
    package init(table: CertificateTable, board: (any ChallengeBoard)? = nil, report: @escaping @Sendable (CertificateEvent) -> Void) throws {
        self.table = table
        self.board = board
        self.report = report
        let loop = EventLoop(index: 0, backend: try EpollBackend())
        self.loop = loop
        fetcher = Fetcher(loop: loop)
        clock = LoopClock(loop: loop)
        election = LeaderElection(me: Base64URL.encode(try Random.bytes(12)), lifetime: CertificateService.lease)
        thread = try LoopThread.start("certificates") { loop.run() }
        Task(executorPreference: loop) { [self] in
            while await loop.sleep(for: CertificateService.period), !isStopped.load(ordering: .relaxed) { turn() }
        }
    }

    /// Takes over what is to be done; nil: nothing. Waits until what the store has is served, but not for long.
    package func apply(_ settings: CertificateServiceSettings?) {
        let done = Latch(1)
        loop.post { [self] in
            change(to: settings)
            done.countDown()
        }
        done.wait(timeout: .seconds(5))
    }

    /// Gives back the lease and ends the loop.
    package func stop() {
        guard !isStopped.exchange(true, ordering: .relaxed) else { return }
        table.serve(by: nil)
        loop.post { [self] in
            for task in busy.values { task.cancel() }
            for name in waiting.keys { finish(name) }
            try? store?.changeLease { election.release($0) }
            resolver.stop()
            loop.stop()
        }
        thread.join()
    }

    /// As of the last look into the store.
    package var statuses: [CertificateStatus] { published.withLock { $0.statuses } }
    package var leads: Bool { published.withLock { $0.leads } }

    /// What an authority is answered that asks for a token of HTTP-01 (RFC 8555 §8.3). Nil: it is none of ours.
    package func answer(token: String) async -> String? {
        guard Base64URL.isToken(token) else { return nil }
        defer { lookups.subtract(1, ordering: .relaxed) }
        guard lookups.add(1, ordering: .relaxed).newValue <= CertificateService.mostLookups else { return nil }
        return await withCheckedContinuation { continuation in
            loop.post { [self] in continuation.resume(returning: challenge("http-01", token)) }
        }
    }

    // MARK: On the loop

    /// A challenge that a gateway has begun: this one or another.
    func challenge(_ type: String, _ name: String) -> String? { store?.challenge(type, name) ?? board?.keyAuthorization(type, name) }

    private func change(to settings: CertificateServiceSettings?) {
        // Files that the settings name may have changed.
        clients = [:]
        silent = []
        guard self.settings != settings else { return }
        if let store, store.folder.path != settings?.store { attempt { () throws(SystemError) in try store.changeLease { election.release($0) } } }
        self.settings = settings
        gate = settings?.onDemand.map { OnDemandGate($0) }
        seenChanges = nil
        guard let settings else {
            store = nil
            records = [:]
            loaded = [:]
            publish()
            return table.serve(by: nil)
        }
        store = CertificateStore(settings.store)
        table.serve(by: self)
        turn()
    }

    /// What happens once a second.
    private func turn() {
        guard let store, settings != nil else { return }
        attempt { () throws(SystemError) in
            try store.prepare()
            try lead(store)
            refresh(store)
            if wasLeading { work(store) }
            lookAfterHandshakes()
        }
    }

    /// Says once what is wrong with the store.
    func attempt(_ body: () throws(SystemError) -> Void) {
        do throws(SystemError) {
            try body()
            lastStoreError = nil
        } catch {
            guard lastStoreError != error.description else { return }
            lastStoreError = error.description
            report(.storeFailed(error.description))
        }
    }

    private func lead(_ store: CertificateStore) throws(SystemError) {
        try store.changeLease { election.step($0, now: .now) }
        let leads = election.leads(.now)
        guard leads != wasLeading else { return }
        wasLeading = leads
        published.withLock { $0.leads = leads }
        // What the leader before has not taken away.
        if leads { store.removeChallenges() }
        report(.began(leading: leads))
    }

    func publish() {
        let renewals = Dictionary((settings?.issuers ?? []).map { ($0.name, $0.renewal) }, uniquingKeysWith: { first, _ in first })
        let all = records.sorted { $0.key < $1.key }.map { CertificateStatus($0.value, renewals[$0.value.wanted.issuer] ?? RenewalSettings()) }
        published.withLock { $0.statuses = all }
    }
}
