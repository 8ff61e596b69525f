import GatewayCore
package import Primitives
package import Reactor

extension ServerConnection: ConnectionHandler {
    package func connected() {}

    package func received(_ bytes: ByteView) { take(bytes) }

    package func drained() {
        guard let exchange else {
            // The last answer is taken: the next request may be answered.
            connection.deadline = parsedBytes > 0 ? headDeadline : loop.now + (server.drainGrace ?? server.settings.idleTimeout)
            processKept()
            return updateReading()
        }
        // What is left of the body is still waited for.
        connection.deadline = phase == .body && bodyIsWanted ? loop.now + server.settings.progressTimeout : .never
        exchange.upstream?.downstreamWritable()
    }

    /// The client sends no more. With a request unanswered it has left: what is done for it is cancelled.
    package func inputEnded() {
        if phase == .tunnel { return tunnelInputEnded() }
        guard exchange == nil else { return shutDown(.clientClosed) }
        markClosed()
        connection.closeGracefully()
    }

    package func lost(_ error: SystemError) {
        guard !isClosed else { return }
        markClosed()
        // Most are idle by then, and nobody wants to know.
        if exchange != nil { letGo(GatewayError(.clientClosed, "\(error)")) }
    }

    package func deadlineReached() {
        guard !isClosed else { return }
        if connection.isBackedUp {
            if connection.lateBytes != lateBytesSeen { return watchSlowClient() }
            server.counters.timeouts += 1
            return timedOut(.clientWriteTimeout)
        }
        switch phase {
        case .proxy: timedOut(.headerTimeout)
        case .head where kept == nil: timedOut(.idleTimeout)
        case .head:
            server.counters.timeouts += 1
            guard let kept else { return }
            // What has come is not a head yet; the answer needs an exchange all the same.
            kept.clear()
            refuse(server.pool.take(), GatewayError(.headerTimeout))
        case .body:
            server.counters.timeouts += 1
            bodyFailed(GatewayError(.bodyTimeout))
        case .discard: timedOut(.bodyTimeout)
        case .answered, .tunnel, .over: break
        }
    }

    /// The client has to take bytes before the progress time-out.
    func watchSlowClient() {
        lateBytesSeen = connection.lateBytes
        connection.deadline = loop.now + server.settings.progressTimeout
    }

    private func timedOut(_ reason: Reason) {
        if exchange == nil, requests == 0 || reason != .idleTimeout { server.failed(reason, peer) }
        shutDown(reason, reset: reason == .clientWriteTimeout)
    }
}
