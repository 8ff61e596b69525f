import CLinux
import DataPlane
import Discovery
import Glibc
import Identity
import Logging
import Model
import Policies
import Reactor
import Schema
import Synchronization
import Telemetry

/// A gateway as a process: its configuration source, reloads, readiness, end.
final class GatewayRunner: Sendable {
    private let source: ConfigurationOption
    /// From which process this one takes over, if it does.
    private let predecessor: Int32?
    let log = Logger(label: "sluice")
    let state = Mutex(State())
    /// One reload at a time.
    let reloading = Mutex(())
    let systemd = Notifier()
    private let stores = IdentityStores()
    private let secrets = SecretStore()

    struct State {
        var gateway: Gateway?
        var watcher: FileWatcher?
        var rotation: SecretRotation?
        var succession: Succession?
    }

    init(source: ConfigurationOption, predecessor: Int32? = nil) {
        self.source = source
        self.predecessor = predecessor
    }

    // MARK: Starting

    func start() throws {
        // Watching begins before reading, and a change is taken when the start is over: none is lost between the two.
        watch()
        try reloading.withLock { _ in try begin() }
        GatewayRunner.giveBackMemory()
    }

    private func begin() throws {
        let began = Instant.now
        let (configuration, loaded) = try source.load(secrets)
        let version = loaded.version
        for warning in loaded.diagnostics { Console.error(warning.description) }
        let loops = configuration.runtime.threads ?? LoopThread.processors
        let gateway: Gateway
        do {
            gateway = try Gateway(loops: loops, batching: configuration.runtime.batching, policies: builtInPolicies)
        } catch {
            throw Failure("The event loops could not be started: \(error).")
        }
        let store: (any IdentityStore)?
        switch stores.open(for: configuration) {
        case .success(let opened): store = opened
        case .failure(let flaw): throw Failure("\(flaw.diagnostic)\nThe gateway was not started.")
        }
        let inherited = inheritedSockets(configuration)
        let diagnostics = gateway.apply(configuration, version: version, inherited: inherited.listeners, store: store)
        stores.keep(store, of: configuration)
        guard !diagnostics.hasErrors else { throw Failure(diagnostics.sortedByPosition.text + "The gateway was not started.") }
        do {
            try gateway.serveAdmin(on: SocketAddress(configuration.admin.address), version: Version.number, inherited: inherited.admin)
        } catch {
            throw Failure("error: can't listen on admin.address \(configuration.admin.address.text): \(error)")
        }
        state.withLock { $0.gateway = gateway }
        state.withLock { $0.watcher }?.watch(alsoNamed: loaded.named)
        rotate(loaded)
        announce(configuration, loops: loops, began)
        systemd.notify(.ready)
        if let interval = systemd.watchdogInterval {
            // A loop that hangs keeps the heart from beating, and the manager restarts the gateway.
            gateway.beat(every: interval) { [systemd] in _ = systemd.notify(.watchdog) }
        }
    }

    /// Sockets that systemd or a predecessor has opened: for the listeners, by their names, and for the admin address.
    private func inheritedSockets(_ configuration: Configuration) -> (listeners: [String: [Int32]], admin: [Int32]) {
        var sockets = InheritedSockets.fromEnvironment(process: predecessor ?? getpid())
        var taken: [String: [Int32]] = [:]
        for listener in configuration.listeners {
            taken[listener.name] = sockets.take(name: listener.name, address: SocketAddress(listener.address))
        }
        let admin = sockets.take(address: SocketAddress(configuration.admin.address))
        for unused in sockets.remaining {
            log.warning(
                "an inherited socket belongs to no listener", metadata: ["name": "\(unused.name)", "address": "\(unused.address?.description ?? "")"])
        }
        sockets.closeRemaining()
        return (taken, admin)
    }

    private func announce(_ configuration: Configuration, loops: Int, _ began: Instant) {
        let milliseconds = (Instant.now - began) / 1_000_000
        log.info(
            "ready",
            metadata: [
                "version": "\(Version.number)", "loops": "\(loops)",
                "listeners": "\(configuration.listeners.map(\.address.text).joined(separator: ", "))",
                "admin": "\(configuration.admin.address.text)", "milliseconds": "\(milliseconds)",
            ])
        guard source.path == nil else { return }
        let port = configuration.listeners.first?.address.text ?? ""
        Console.error(
            """
            Sluice serves a demo API on \(port). Next:
              curl http://\(port)/hello/you
              sluice status
              write sluice.yaml (start from `sluice schema` and examples/), then run sluice again
            """)
    }

    private func watch() {
        guard let path = source.path else { return }
        let watcher = FileWatcher(path: path) { [self] in reload(because: "the files changed") }
        state.withLock { $0.watcher = watcher }
    }

    // MARK: Reloading

    /// Reading a large configuration takes several times the memory that is kept of it: the system gets the rest back.
    private static func giveBackMemory() { _ = malloc_trim(0) }

    /// Takes the configuration as it is now. What can't be applied changes nothing.
    ///
    /// - Parameter asking: whether the sources of secrets are asked.
    func reload(because cause: String, asking: SecretStore.Asking = .always) {
        defer { GatewayRunner.giveBackMemory() }
        guard let path = source.path, let gateway = state.withLock({ $0.gateway }) else { return }
        reloading.withLock { _ in
            systemd.notify(.reloading)
            defer { systemd.notify(.ready) }
            let began = Instant.now
            let old = gateway.snapshot
            let loaded = FileSource(path: path, policies: builtInPolicies, secrets: secrets).load(asking: asking)
            // What was refused may be put right in another file, so those of the last good configuration stay watched.
            if loaded.configuration != nil { state.withLock { $0.watcher }?.watch(alsoNamed: loaded.named) }
            if loaded.version == old.version, loaded.configuration != nil {
                rotate(loaded)
                for diagnostic in loaded.diagnostics { log.warning("\(diagnostic)") }
                return log.info("nothing to reload", metadata: ["cause": "\(cause)", "configuration": "\(loaded.version)"])
            }
            guard let configuration = loaded.configuration else {
                gateway.reject(loaded.diagnostics)
                return refuse(loaded.diagnostics, cause)
            }
            let store: (any IdentityStore)?
            switch stores.open(for: configuration) {
            case .success(let opened): store = opened
            case .failure(let flaw):
                gateway.reject([flaw.diagnostic])
                return refuse(loaded.diagnostics + [flaw.diagnostic], cause)
            }
            let diagnostics = gateway.apply(configuration, version: loaded.version, store: store)
            if diagnostics.hasErrors { return refuse(loaded.diagnostics + diagnostics, cause) }
            stores.keep(store, of: configuration)
            rotate(loaded)
            for diagnostic in loaded.diagnostics + diagnostics { log.warning("\(diagnostic)") }
            log.info(
                "reloaded",
                metadata: [
                    "cause": "\(cause)", "configuration": "\(loaded.version)",
                    "changes": "\(old.configuration.diff(to: configuration, consumers: old.consumers).description)",
                    "milliseconds": "\((Instant.now - began) / 1_000_000)",
                ])
        }
    }

    /// From now on the secrets of this configuration are asked for again when it is time.
    private func rotate(_ loaded: FileSource.Snapshot) {
        secrets.keepOnly(loaded.secrets)
        let rotation = state.withLock { state in
            if state.rotation == nil, !loaded.secrets.isEmpty {
                state.rotation = SecretRotation(secrets) { [weak self] in self?.refreshed($0) }
            }
            return state.rotation
        }
        rotation?.reschedule()
    }

    private func refreshed(_ refresh: SecretStore.Refresh) {
        for remark in refresh.remarks { log.warning("\(remark)") }
        if refresh.hasChanged { reload(because: "a secret has changed", asking: .forNews) }
    }

    private func refuse(_ diagnostics: [Diagnostic], _ cause: String) {
        for diagnostic in diagnostics.sortedByPosition where diagnostic.severity == .error { log.error("\(diagnostic)") }
        log.error("the configuration was not applied; the old one goes on", metadata: ["cause": "\(cause)"])
    }

    func reopenLogs() {
        state.withLock { $0.gateway }?.reopenLogs()
        log.info("access log opened again")
    }

    // MARK: Ending

    /// Drains and stops; another signal ends the process at once.
    func stop(while signals: SignalWait) {
        let (gateway, watcher, rotation) = state.withLock { ($0.gateway, $0.watcher, $0.rotation) }
        guard let gateway else { return }
        watcher?.stop()
        rotation?.stop()
        if !endSuccession() { systemd.notify(.stopping) }
        let drain = gateway.snapshot.configuration.runtime.drain
        log.info("draining", metadata: ["longest": "\(drain)"])
        try? LoopThread.start("signals") {
            while true {
                let signal = signals.next()
                if signal == SIGTERM || signal == SIGINT { Exit.now(1) }
            }
        }.detach()
        let isComplete = gateway.drain(timeout: drain.nanoseconds)
        if !isComplete { log.warning("some exchanges were cut: runtime.drain was too short for them") }
        gateway.stop()
        log.info("stopped")
    }
}
