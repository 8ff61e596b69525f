package import GatewayCore
package import Reactor
import Upstreams

/// Exchanges as streams of HTTP/2 connections: another connection is opened only when the ones there are have no stream left.
extension UpstreamLane {
    func sendAsStream(_ exchange: Exchange, to index: Int) {
        if let session = endpoints[index].freeSession { return begin(exchange, on: session) }
        if openConnections < settings.connections || closeOneIdle() { return openSession(index, for: exchange) }
        // No connection may be opened to the endpoint whose turn it is: any that has room will do.
        for i in endpoints.indices where endpoints[i].hasFreeStream {
            guard let session = endpoints[i].freeSession else { continue }
            exchange.endpointIndex = Int32(truncatingIfNeeded: i)
            return begin(exchange, on: session)
        }
        wait(exchange)
    }

    private func begin(_ exchange: Exchange, on session: HTTP2ClientConnection) {
        note(exchange, session.endpoint)
        session.start(exchange)
    }

    private func openSession(_ index: Int, for exchange: Exchange) {
        let session = HTTP2ClientConnection(loop: loop, owner: self, endpoint: index, timeouts: timeouts)
        openConnections += 1
        opened(session)
        begin(exchange, on: session)
        do throws(SystemError) {
            let lane = endpoints[index]
            try session.connect(to: lane.settings.address, tls: lane.tls, sessions: lane.tlsSessions)
        } catch {
            session.failAll(GatewayError(.upstreamConnectFailed, .upstream, retry: .yes, "\(error)."))
        }
    }
}

extension UpstreamLane.Lane {
    /// The connection that another exchange goes to. Connections are filled one after the other, so that few are needed.
    var freeSession: HTTP2ClientConnection? { sessions.first { $0.hasFreeStream && ($0.isConnected || !speaksHTTP1) } }

    /// Whether another exchange may begin without a new connection.
    var hasFreeStream: Bool { !isGone && isHealthy && !isPaused && freeSession != nil }
}

extension UpstreamLane: HTTP2ClientOwner {
    package func released(_ connection: HTTP2ClientConnection, _ exchange: Exchange, failed: Bool) {
        ended(exchange, endpoint: connection.endpoint, failed: failed)
    }

    package var takesHTTP1: Bool { settings.version == .negotiated }

    package func goOn(overHTTP1 connection: Connection, _ security: ClientConnection.Security, of old: HTTP2ClientConnection, _ exchanges: [Exchange])
    {
        let client = ClientConnection(loop: loop, owner: self, endpoint: old.endpoint, timeouts: timeouts)
        openedInstead(client)
        client.adopt(connection, security)
        becameIdle(client)
        for exchange in exchanges {
            exchange.attempts &-= 1
            send(exchange)
        }
    }
}
