import GatewayCore
import HTTPEngine
import Primitives
import Reactor
import Upstreams

/// Calls that an endpoint refuses at once, tried again elsewhere.
extension Worker {
    /// Makes a call that could be refused repeatable: its body is kept while it passes, unless it was collected.
    func recordCall(_ exchange: Exchange, _ retries: RetrySettings) {
        guard !retries.onCallStatus.isEmpty, retries.attempts > 1, exchange.requestReplay == nil else { return }
        exchange.requestStages.append(RequestRecorder(loop))
    }

    /// The head of a response is there. True: the call is on its way again, to another endpoint.
    ///
    /// Only an answer that consists of nothing but a status that `retries.on` names ("Trailers-Only"): after a message,
    /// or metadata, the caller may have acted on it.
    func retriesCall(_ exchange: Exchange) -> Bool {
        guard exchange.call != .none, let view = exchange.snapshot as? SnapshotView, exchange.upstreamIndex >= 0 else { return false }
        let lane = view.lanes[Int(exchange.upstreamIndex)]
        guard !lane.settings.retries.onCallStatus.isEmpty, let text = exchange.response.fields.first(CallField.status),
            let status = CallStatus(text), RetryDecision(exchange, status, lane.settings.retries) == .elsewhere, keepsBody(exchange)
        else { return false }
        exchange.upstream?.cancel(GatewayError(.clientClosed))
        exchange.response.clear()
        exchange.noteTriedEndpoint()
        sendAgain(exchange, to: lane)
        return true
    }

    /// Sends the exchange once more; a call with what is left of its time.
    func sendAgain(_ exchange: Exchange, to lane: UpstreamLane, fresh: Bool = false) {
        guard exchange.call == .none || prepareCall(exchange) else { return refuse(exchange, GatewayError(.deadlineExceeded)) }
        lane.send(exchange, fresh: fresh)
    }

    /// Whether the whole body can be sent again; from memory, if it has to be.
    private func keepsBody(_ exchange: Exchange) -> Bool {
        guard exchange.requestBodyTouched else { return true }
        guard let recorder = exchange.requestStages.last as? RequestRecorder, let body = recorder.takeWhole() else { return false }
        exchange.requestStages.removeAll()
        if let pacer = exchange.pacer { pacer.pipe = nil } else { exchange.requestFilter = nil }
        exchange.requestBodyTouched = false
        exchange.downstream = RequestReplay(exchange, body)
        exchange.request.announce(body.count)
        return true
    }
}

extension Exchange {
    /// The endpoint that it was sent to is not to be chosen again while there is another.
    func noteTriedEndpoint() {
        if endpointIndex >= 0, endpointIndex < 64 { triedEndpoints |= 1 << UInt64(endpointIndex) }
    }
}
