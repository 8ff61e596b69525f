import GatewayCore
import HTTPEngine
package import Identity
package import Model
import Reactor
package import Schema
import Synchronization
import TLS
import Telemetry
import Upstreams

extension Gateway {
    /// Listening sockets: at least one for each loop, or none when the loops have theirs.
    struct Binding: Sendable {
        let address: SocketAddress
        /// Of the first loop, of the second, and so on, and round again.
        let handles: [Int32]
        let listener: Listener
        let index: Int
        let loops: Int
        var tls: TLSServerContext? = nil

        /// Those on which a loop accepts. Several when there were more loops before an upgrade: whoever waits in the queue of
        /// one of their sockets is served as well.
        func handles(of loop: Int) -> [Int32] { stride(from: loop, to: handles.count, by: max(1, loops)).map { handles[$0] } }
    }

    /// Compiles and applies a configuration. Either everything is applied or nothing: with an error in the answer the
    /// old snapshot goes on. Listening sockets that the process inherited are taken from `inherited`, by listener name.
    ///
    /// - Parameter store: the database of consumers, if the configuration names one.
    package func apply(
        _ configuration: Configuration, version: String, inherited: [String: [Int32]] = [:], store: (any IdentityStore)? = nil
    ) -> [Diagnostic] {
        let before = snapshot
        offerStores(configuration)
        let compiled = Snapshot.compile(
            configuration, policies: policies, version: version, loops: loops, store: store, before: before, callouts: callouts, stores: stores,
            events: events, certificates: certificates)
        guard let next = compiled.value else {
            reject(compiled.diagnostics)
            return compiled.diagnostics
        }
        var diagnostics = compiled.diagnostics
        let bindings: [Binding]
        let replacedLog: AccessLogWriter?
        do throws(ApplyError) {
            bindings = try bind(next, inherited: inherited)
            replacedLog = try openAccessLog(next.configuration)
            try applyGossip(next.configuration)
            try applyCertificates(next.configuration)
            try applyState(next.configuration)
            try applyRedisSync(next.configuration)
        } catch {
            diagnostics.append(error.diagnostic)
            reject(diagnostics)
            return diagnostics
        }
        watch(next.upstreams)
        directory.update(next.upstreams)
        let endpoints = directory.endpoints
        let (log, certificates) = state.withLock { ($0.accessLog, next.configuration.usesIssuers ? $0.certificates : nil) }
        let guards = guards(next.configuration)
        onEveryLoop {
            $0.swapGuards(guards)
            $0.swap(to: next, endpoints: endpoints, bindings: bindings, log: log)
            $0.certificates = certificates
        }
        // The loops have handed over what they had for the old one.
        if let replacedLog { replacedLog.close() }
        health.update(directory.checks)
        state.withLock {
            if $0.isReady { $0.generation += 1 }
            $0.snapshot = next
            $0.guards = guards
            $0.appliedAt = Instant.wallClock
            $0.lastError = nil
            $0.isReady = !$0.isDraining
            $0.listeners = Set(next.configuration.listeners.map { SocketAddress($0.address) })
        }
        return diagnostics
    }

    /// Opens sockets for the listeners that are new. When one can't be opened, all that were are closed again.
    private func bind(_ snapshot: Snapshot, inherited: [String: [Int32]]) throws(ApplyError) -> [Binding] {
        // A listener that begins or ends to speak HTTP is another one, with sockets of its own.
        let (listeners, before) = state.withLock { ($0.listeners, $0.snapshot.configuration.listeners) }
        let kinds = Dictionary(before.map { (SocketAddress($0.address), $0.tcp == nil) }, uniquingKeysWith: { first, _ in first })
        let known = Set(
            snapshot.configuration.listeners.filter { kinds[SocketAddress($0.address)] == ($0.tcp == nil) }.map { SocketAddress($0.address) }
        ).intersection(listeners)
        var bindings: [Binding] = []
        for (index, listener) in snapshot.configuration.listeners.enumerated() {
            let tls = snapshot.tls[listener.name]
            let address = SocketAddress(listener.address)
            if known.contains(address) {
                bindings.append(Binding(address: address, handles: [], listener: listener, index: index, loops: loops, tls: tls))
                continue
            }
            do throws(SystemError) {
                let handles: [Int32]
                if let given = inherited[listener.name], !given.isEmpty {
                    handles = try Socket.share(given, among: loops)
                } else {
                    handles = try Socket.listen(on: address, sockets: loops)
                }
                bindings.append(Binding(address: address, handles: handles, listener: listener, index: index, loops: loops, tls: tls))
            } catch {
                for binding in bindings { for handle in binding.handles { Socket.close(handle) } }
                throw ApplyError(
                    Diagnostic(
                        .error, at: listener.origin.position, path: "listeners[\(index)].address",
                        "can't listen on \(address): \(error)", remedy: ApplyError.remedy(error)))
            }
        }
        return bindings
    }

    /// Opens the access log if it is another one; answers the one that it replaces.
    private func openAccessLog(_ configuration: Configuration) throws(ApplyError) -> AccessLogWriter? {
        var wanted: AccessLogSettings?
        if case .file(let settings) = configuration.telemetry.accessLog { wanted = settings }
        let (old, writer) = state.withLock { ($0.accessLogSettings, $0.accessLog) }
        guard old?.path != wanted?.path || old?.format != wanted?.format else { return nil }
        var opened: AccessLogWriter?
        if let wanted {
            do throws(SystemError) {
                opened = try AccessLogWriter(path: wanted.path, format: wanted.format == .json ? .json : .text)
            } catch {
                throw ApplyError(
                    Diagnostic(.error, at: .none, path: "telemetry.accessLog.path", "can't open \(wanted.path): \(error)"))
            }
        }
        state.withLock { [opened] in
            $0.accessLog = opened
            $0.accessLogSettings = wanted
        }
        return writer
    }
}

struct ApplyError: Error {
    let diagnostic: Diagnostic
    init(_ diagnostic: Diagnostic) { self.diagnostic = diagnostic }

    static func remedy(_ error: SystemError) -> String? {
        switch error.meaning {
        case .addressInUse: "another process listens there: stop it, or choose another port"
        case .permissionDenied: "ports below 1024 need CAP_NET_BIND_SERVICE, or a socket from systemd"
        case .addressNotAvailable: "no interface of this machine has that address"
        case .other: nil
        }
    }
}
