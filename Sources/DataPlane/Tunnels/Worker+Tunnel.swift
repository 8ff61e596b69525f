import GatewayCore
import HTTPEngine
import Model
import PolicyKit
import Primitives
import Reactor

/// Requests that ask for another protocol.
extension Worker {
    /// Asks the upstream to switch, if the route allows it; otherwise the request goes on as if it had not asked. False: it was
    /// refused.
    func askUpgrade(_ exchange: Exchange, _ route: CompiledRoute) -> Bool {
        let request = exchange.request
        guard route.tunnel.allows(request.upgrade) else {
            guard request.majorVersion >= 2 else { return true }
            // In HTTP/2 there is no request without the tunnel (RFC 8441 §4).
            refuse(exchange, GatewayError(.connectRefused, "This route opens no such tunnels."))
            return false
        }
        if request.asksForWebSocket, let error = WebSocketHandshake.check(request) {
            if error.status == 426 {
                // What would do is named (RFC 6455 §4.4, RFC 9110 §15.5.22).
                let fields = exchange.response.fields
                fields.append(.other, name: ByteView(WebSocketHandshake.version), ByteView("13"))
                fields.append(.upgrade, ByteView("websocket"))
                fields.append(.connection, ByteView("upgrade"))
            }
            refuse(exchange, error, keepsFields: true)
            return false
        }
        exchange.tunnel = .asked
        // A tunnel has no bodies: what policies wanted of the request's is over.
        if let replay = exchange.requestReplay { exchange.downstream = replay.inner }
        return true
    }

    /// The upstream has switched.
    func watchTunnel(_ exchange: Exchange) {
        guard exchange.route >= 0, let view = exchange.snapshot as? SnapshotView else { return }
        tunnels.add(TunnelWatch(exchange, view.routes[Int(exchange.route)], worker: self))
    }

    /// No policy sees what passes through a tunnel: those that want the body of its response are passed by.
    func withoutBody(_ outcome: PolicyChain.ResponseOutcome, _ exchange: Exchange, _ chain: PolicyChain) -> PolicyChain.ResponseOutcome {
        guard exchange.tunnel == .open else { return outcome }
        var outcome = outcome
        while case .wantsBody = outcome { outcome = chain.response(exchange) }
        exchange.responseStages.removeAll()
        return outcome
    }

    /// Closes the tunnels whose route or upstream the new snapshot has changed, where the route wants that.
    func closeChangedTunnels() {
        tunnels.forEach { tunnel in
            guard tunnel.route.tunnel.closesOnReload, let old = tunnel.exchange.snapshot as? SnapshotView, old !== view else { return }
            if isUnchanged(tunnel, old) { return }
            tunnel.end(1012, GatewayError(.tunnelReloaded))
        }
    }

    private func isUnchanged(_ tunnel: TunnelWatch, _ old: SnapshotView) -> Bool {
        guard let before = old.snapshot.configuration.route(tunnel.route.name, of: tunnel.route.api),
            let now = view.snapshot.configuration.route(tunnel.route.name, of: tunnel.route.api), before == now
        else { return false }
        let index = Int(tunnel.exchange.upstreamIndex)
        return old.lanes.indices.contains(index) && view.lanes.contains { $0 === old.lanes[index] }
    }
}

extension Exchange {
    /// What stands between the halves of the tunnel, if it is one.
    var tunnelWatch: TunnelWatch? {
        var half = downstream
        while let filter = half as? DownstreamFilter {
            if let watch = filter as? TunnelWatch { return watch }
            half = filter.inner
        }
        return nil
    }
}
