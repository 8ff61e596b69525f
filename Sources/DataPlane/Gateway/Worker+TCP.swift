import GatewayCore
import HTTPEngine
import Model
import Reactor
import Telemetry
import Upstreams

extension Worker {
    /// Takes over the listeners that speak no HTTP. Open tunnels keep the endpoint that they have.
    func swapTCPListeners(_ bindings: [Gateway.Binding]) {
        for binding in bindings {
            guard let tcp = binding.listener.tcp else { continue }
            let info = ListenerInfo(
                name: binding.listener.name, index: binding.index, port: binding.address.port ?? 0, scheme: "tcp",
                trustedProxies: binding.listener.trustedProxies, isGuarded: binding.listener.guards)
            let settings = ServerSettings(binding.listener, loops: view.snapshot.loops)
            if let server = tcpServers[binding.address] {
                server.info = info
                server.settings = settings
                server.routes = tcpRoutes(tcp)
            } else if !binding.handles(of: loop.index).isEmpty {
                listen(binding, TCPServer(loop: loop, info: info, settings: settings, routes: tcpRoutes(tcp)))
            }
            tcpServers[binding.address]?.guards = binding.listener.guards ? guards : nil
        }
        let wanted = Set(bindings.map(\.address))
        for (address, server) in tcpServers where !wanted.contains(address) {
            tcpServers[address] = nil
            server.drain(grace: .seconds(1))
            retiring.append(server)
        }
    }

    private func listen(_ binding: Gateway.Binding, _ server: TCPServer) {
        server.connectionFailed = { [unowned self, unowned server] in
            accessLog?.appendConnection(reason: $0.reason, listener: server.info.name, peer: $0.client, detail: $0.detail)
            noteOffence($0, server.info)
        }
        server.tunnelEnded = { [unowned self] in accessLog?.append($0) }
        for handle in binding.handles(of: loop.index) {
            do throws(SystemError) {
                try server.listen(on: handle, address: binding.address)
                tcpServers[binding.address] = server
            } catch {
                Socket.close(handle)
            }
        }
    }

    /// The routes with the lanes of the present snapshot.
    private func tcpRoutes(_ tcp: TCPSettings) -> TCPRoutes {
        func lane(_ name: String) -> UpstreamLane? { view.lanes.first { $0.settings.name == name } }
        var routes = TCPRoutes(fallback: tcp.upstream.flatMap(lane))
        routes.sendsProxyHeader = tcp.sendProxyProtocol
        for route in tcp.routes {
            guard let lane = lane(route.upstream) else { continue }
            for name in route.serverNames {
                switch name {
                case .exact(let name): routes.add(exact: name, lane)
                case .wildcard(let suffix): routes.add(wildcard: suffix, lane)
                case .any: break
                }
            }
        }
        return routes
    }
}
