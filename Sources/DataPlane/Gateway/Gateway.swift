import Certificates
package import GatewayCore
import HTTPEngine
import Model
package import PolicyKit
package import Reactor
package import Schema
package import SharedState
import Synchronization
import Telemetry
import Upstreams

/// A running data plane: its event loops, the snapshot that they serve, and what outlives a snapshot.
///
/// Every method may be called from any thread but the loops' own; they block until the loops have done what is asked.
package final class Gateway: Sendable {
    package let loops: Int
    package let policies: PolicyRegistry
    let workers: [Worker]
    /// Runs the admin listener and the health checks, so that neither delays an exchange.
    let control: EventLoop
    let state: Mutex<State>
    let directory: EndpointDirectory
    let health: HealthMonitor
    /// For policies, and for what works in the background.
    package let callouts: any CalloutClient
    /// The server that gateways count together on, if the configuration names one.
    package let redis: RedisClient
    let redisStore: RedisStore
    /// What policies count with; outlives every snapshot.
    package let stores = SharedStores()
    /// What operators hear of.
    let events = EventLog()
    /// Limits that are shared by gossip, while there is one.
    let localSync = LocalSyncStore()
    let gossip = GossipCell()
    let resolver: Resolver
    /// Automatic certificates, as handshakes find them.
    let certificates = CertificateTable()
    private let threads: [LoopThread]

    struct State {
        var snapshot: Snapshot
        /// Counts the snapshots that were applied.
        var generation = 1
        var appliedAt = Instant.wallClock
        var lastError: String?
        var isReady = false
        var isDraining = false
        var listeners: Set<SocketAddress> = []
        /// Nil until `serveAdmin`.
        var admin: AdminServer?
        var accessLog: AccessLogWriter?
        var accessLogSettings: AccessLogSettings?
        /// Nil: they are off.
        var guards: ClientGuards?
        /// Gets automatic certificates; made when the first configuration wants some.
        var certificates: CertificateService?
    }

    /// Starts the loops with nothing to serve. `apply` gives them a configuration.
    package init(loops: Int, batching: Bool = true, policies: PolicyRegistry = .empty) throws {
        self.loops = loops
        self.policies = policies
        let empty = try Snapshot.empty()
        var workers: [Worker] = []
        var threads: [LoopThread] = []
        for index in 0..<loops {
            let loop = EventLoop(index: index, backend: try EpollBackend())
            loop.pause.isOn = batching
            workers.append(Worker(loop: loop, view: SnapshotView(empty, lanes: [], stats: [])))
            threads.append(try LoopThread.start("loop-\(index)") { loop.run() })
        }
        let control = EventLoop(index: loops, backend: try EpollBackend())
        threads.append(try LoopThread.start("control") { control.run() })
        self.workers = workers
        self.control = control
        self.threads = threads
        state = Mutex(State(snapshot: empty))
        resolver = Resolver()
        directory = EndpointDirectory(resolver: resolver)
        callouts = Callouts(loops: workers.map(\.loop), control: control, resolver: resolver)
        redis = RedisClient(loops: workers.map(\.loop) + [control], resolver: resolver)
        redisStore = RedisStore(redis)
        health = HealthMonitor(loop: control)
        directory.changed.withLock { $0 = { [weak self] in self?.endpointsChanged() } }
        health.changed.withLock { $0 = { [weak self] in self?.healthChanged($0, $1, $2) } }
    }

    package var snapshot: Snapshot { state.withLock { $0.snapshot } }

    /// Runs `body` on every data loop and waits until all have done it.
    func onEveryLoop(_ body: @escaping @Sendable (Worker) -> Void) {
        let latch = Latch(workers.count)
        for worker in workers {
            worker.loop.post {
                body(worker)
                latch.countDown()
            }
        }
        latch.wait()
    }

    // MARK: Endpoints

    private func endpointsChanged() {
        let endpoints = directory.endpoints
        for worker in workers {
            worker.loop.post { worker.updateEndpoints(endpoints) }
        }
        health.update(directory.checks)
    }

    private func healthChanged(_ upstream: String, _ address: SocketAddress, _ isHealthy: Bool) {
        for worker in workers {
            worker.loop.post { worker.setHealth(isHealthy, of: address, upstream: upstream) }
        }
    }

    // MARK: Ending

    /// Ends gently: no new connections, the exchanges in flight are completed for at most `timeout`.
    /// False: some had to be cut.
    @discardableResult package func drain(timeout: Nanoseconds) -> Bool {
        state.withLock {
            $0.isDraining = true
            $0.isReady = false
        }
        let quiet = Latch(workers.count)
        for worker in workers {
            worker.loop.post { worker.drain(grace: min(.seconds(1), timeout)) { quiet.countDown() } }
        }
        let isComplete = quiet.wait(timeout: timeout)
        if !isComplete { onEveryLoop { $0.closeAll() } }
        return isComplete
    }

    /// Stops the loops and waits for their threads; what the access log holds is written.
    package func stop() {
        onEveryLoop { $0.accessLog?.flush(force: true) }
        stopGossip()
        state.withLock { $0.certificates }?.stop()
        health.stop()
        directory.stop()
        for worker in workers { worker.loop.stop() }
        control.stop()
        for thread in threads { thread.join() }
        state.withLock { $0.accessLog }?.close()
    }

    /// Opens the access log's file again, after it was renamed.
    package func reopenLogs() { state.withLock { $0.accessLog }?.reopen() }

    /// Notes why a configuration could not be applied; the old one goes on.
    package func reject(_ diagnostics: [Diagnostic]) {
        let text = diagnostics.filter { $0.severity == .error }.map(\.description).joined(separator: "\n")
        state.withLock { $0.lastError = text }
    }
}
