import GatewayCore
import HTTPEngine
import Model
import Reactor
import Telemetry
import Upstreams

extension Worker {
    /// Takes the next snapshot, between two exchanges. Those in flight keep the one that they began with.
    func swap(to next: Snapshot, endpoints: [String: [EndpointSettings]], bindings: [Gateway.Binding], log: AccessLogWriter?) {
        let lanes = swapLanes(next, endpoints)
        let old = view
        let stats = next.predecessors.map { $0 >= 0 && Int($0) < old.stats.count ? old.stats[Int($0)] : nil }
        view = SnapshotView(next, lanes: lanes, stats: stats)
        swapOverload(next.overload, before: old.snapshot.overload)
        if accessLogWriter !== log {
            accessLog?.close()
            accessLog = log.map { AccessLogLane(loop: loop, writer: $0) }
            accessLogWriter = log
        }
        swapListeners(bindings)
        closeChangedTunnels()
    }

    /// Upstreams that did not change keep their connections, health and counters.
    private func swapLanes(_ next: Snapshot, _ endpoints: [String: [EndpointSettings]]) -> [UpstreamLane] {
        var old: [String: UpstreamLane] = [:]
        for lane in view.lanes { old[lane.settings.name] = lane }
        let lanes = next.upstreams.map { upstream -> UpstreamLane in
            let name = upstream.settings.name
            let wanted = endpoints[name] ?? []
            if let lane = old[name], lane.settings == upstream.settings, lane.tls == upstream.tls {
                old[name] = nil
                lane.update(wanted)
                return lane
            }
            let lane = UpstreamLane(loop: loop, settings: upstream.settings, endpoints: wanted, tls: upstream.tls, state: upstream.state)
            lane.vitals.hedgeQueue?.isDue = { [unowned self, unowned lane] in hedge($0, lane) }
            // What is known of its endpoints is as true as before.
            if let before = old[name] {
                if upstream.settings.health != nil { lane.takeHealth(of: before) }
                lane.vitals.takeOver(before.vitals)
            }
            return lane
        }
        for lane in old.values {
            lane.retire()
            retiredLanes.append(lane)
        }
        retiredLanes.removeAll { $0.isQuiet }
        return lanes
    }

    private func swapListeners(_ bindings: [Gateway.Binding]) {
        var wanted: Set<SocketAddress> = []
        for binding in bindings where binding.listener.tcp == nil {
            wanted.insert(binding.address)
            let info = ListenerInfo(
                name: binding.listener.name, index: binding.index, port: binding.address.port ?? 0, scheme: binding.tls == nil ? "http" : "https",
                trustedProxies: binding.listener.trustedProxies, httpsPort: view.snapshot.configuration.httpsPort(of: binding.listener),
                isGuarded: binding.listener.guards)
            let settings = ServerSettings(binding.listener, loops: view.snapshot.loops)
            if let server = servers[binding.address] {
                server.info = info
                server.settings = settings
                server.tls = binding.tls
            } else if !binding.handles(of: loop.index).isEmpty {
                listen(binding, info, settings)
            }
            servers[binding.address]?.guards = binding.listener.guards ? guards : nil
        }
        for (address, server) in servers where !wanted.contains(address) {
            servers[address] = nil
            server.drain(grace: .seconds(1))
            retiring.append(server)
        }
        swapTCPListeners(bindings.filter { $0.listener.tcp != nil })
        retiring.removeAll { $0.openConnections == 0 }
    }

    private func listen(_ binding: Gateway.Binding, _ info: ListenerInfo, _ settings: ServerSettings) {
        let server = HTTPServer(loop: loop, info: info, settings: settings, pool: pool) { [unowned self] in self.handle($0) }
        server.connectionFailed = { [unowned self, unowned server] in
            accessLog?.appendConnection(reason: $0.reason, listener: server.info.name, peer: $0.client, detail: $0.detail)
            noteOffence($0, server.info)
        }
        server.tls = binding.tls
        for handle in binding.handles(of: loop.index) {
            do throws(SystemError) {
                try server.listen(on: handle, address: binding.address)
                servers[binding.address] = server
            } catch {
                Socket.close(handle)
            }
        }
    }

    func updateEndpoints(_ endpoints: [String: [EndpointSettings]]) {
        for lane in view.lanes {
            if let wanted = endpoints[lane.settings.name] { lane.update(wanted) }
        }
    }

    /// Another loop has found something out about the endpoints.
    func refreshHealth(of upstream: String) {
        for lane in view.lanes where lane.settings.name == upstream { lane.refreshHealth() }
    }

    func setHealth(_ isHealthy: Bool, of address: SocketAddress, upstream: String) {
        for lane in view.lanes where lane.settings.name == upstream { lane.setHealth(isHealthy, of: address) }
    }
}
