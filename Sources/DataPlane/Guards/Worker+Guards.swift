import GatewayCore
import HTTPEngine
import Model
import Primitives
import Reactor
import SharedState

extension Worker {
    private static let rateLimited = GatewayError(
        .clientRateLimited, "More requests come from this address than one client may make; see guards.requests.")
    private static let banned = GatewayError(.clientBanned, "Too much has come from this address that no client should send; see guards.")

    /// Takes over the guards of a configuration; nil for none.
    func swapGuards(_ next: ClientGuards?) {
        guard let next else { return guards = nil }
        if let guards, guards.table === next.table {
            guards.update(next.rules)
        } else {
            guards = GuardLane(loop: loop, table: next.table, rules: next.rules)
        }
    }

    // MARK: Requests

    /// Whether the client may make this request. One that is banned loses its connection, unless a proxy stands between.
    func admits(_ exchange: Exchange) -> Bool {
        guard let guards, exchange.listener?.isGuarded == true else { return true }
        let client = exchange.client
        // A trusted proxy that asks for itself.
        if client.isTrusted, client.address == client.peer { return true }
        switch guards.request(client.address) {
        case .admitted: return true
        case .refused: refuse(exchange, Worker.rateLimited)
        case .banned where !client.isTrusted: exchange.downstream?.hangUp(Worker.banned)
        case .banned(let left):
            exchange.response.clear()
            exchange.response.fields.append(.retryAfter) { $0.append(decimal: Int(truncatingIfNeeded: (left &+ 999_999_999) / 1_000_000_000)) }
            refuse(exchange, Worker.banned, keepsFields: true)
        }
        return false
    }

    // MARK: Offences

    /// Counts against the client what its exchange ended with.
    func noteOffence(_ error: GatewayError, _ exchange: Exchange) {
        guard let offence = error.reason.offence, let guards, exchange.listener?.isGuarded == true else { return }
        let client = exchange.client
        if client.isTrusted, client.address == client.peer { return }
        guards.offend(offence.kind, weight: offence.weight, of: client.address)
    }

    /// Counts against the client what its connection ended with.
    func noteOffence(_ failure: ConnectionFailure, _ listener: ListenerInfo) {
        guard let offence = failure.reason.offence, let guards, listener.isGuarded else { return }
        guard !listener.trustedProxies.contains(where: { $0.contains(failure.client) }) else { return }
        guards.offend(offence.kind, weight: offence.weight, of: failure.client)
    }

    // MARK: Bans

    /// Ends what the banned have open: at most once a second, since it looks at every connection.
    func closeBanned() {
        guard let guards, guards.table.bans != seenBans, loop.now >= nextSweep else { return }
        seenBans = guards.table.bans
        nextSweep = loop.now + .seconds(1)
        for server in everyServer { server.closeBanned() }
    }
}
