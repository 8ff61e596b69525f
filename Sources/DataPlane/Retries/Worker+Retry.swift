import GatewayCore
import HTTPEngine
import Primitives
import Reactor
import Upstreams

/// Requests that are tried again: what failed, and what an endpoint has answered that another may answer better.
extension Worker {
    /// Makes a request repeatable that has a body: it is kept while it passes, unless it was collected.
    func recordBody(_ exchange: Exchange, _ retries: RetrySettings) {
        let framing = exchange.request.forwardFraming
        guard framing.hasBody, retries.attempts > 1, retries.body > 0, retries.repeatsAfterSending, exchange.tunnel == .none,
            retries.allows(exchange.request.forwardMethod) || (exchange.call != .none && !retries.onCallStatus.isEmpty),
            exchange.requestReplay == nil
        else { return }
        if case .length(let count) = framing, count > retries.body { return }
        exchange.requestStages.append(RequestRecorder(loop, most: retries.body))
    }

    /// The exchange could not be carried through before its response began.
    func retryOrRefuse(_ exchange: Exchange, _ error: GatewayError, _ lane: UpstreamLane) {
        let decision = RetryDecision(exchange, error, lane.settings.retries, hasBody: canRepeatBody(exchange))
        exchange.tryDeadline = .never
        switch decision {
        case .giveUp: refuseForGood(exchange, error, lane)
        case .again:
            exchange.attempts -= 1
            takeBackBody(exchange)
            sendAgain(exchange, to: lane, fresh: true)
        case .elsewhere(let cause):
            let wait = backoff(exchange, cause, lane)
            guard loop.now + wait < exchange.end(within: lane.settings.timeouts.total), lane.vitals.takeRetry(loop.now) else {
                return refuseForGood(exchange, error, lane)
            }
            retry(exchange, on: lane, cause, after: wait)
        }
    }

    /// The head of a response is there. True: it is not passed on, because the request is on its way again.
    ///
    /// Of calls of gRPC only an answer that consists of nothing but a status ("Trailers-Only"): after a message, or metadata, the
    /// caller may have acted on it.
    func retriesAnswer(_ exchange: Exchange, _ lane: UpstreamLane) -> Bool {
        let retries = lane.settings.retries
        guard !retries.onStatus.isEmpty || !retries.onCallStatus.isEmpty, exchange.attempts < retries.attempts else { return false }
        let status = exchange.response.status
        var call: CallStatus?
        if exchange.call != .none, let text = exchange.response.fields.first(CallField.status) { call = CallStatus(text) }
        guard status >= 400 || call != nil else { return false }
        guard
            case .elsewhere(let cause) = RetryDecision(exchange, status: status, call: call, retries, hasBody: canRepeatBody(exchange)),
            let asked = askedWait(exchange, most: retries.retryAfter)
        else { return false }
        let wait = asked + backoff(exchange, cause, lane)
        guard loop.now + wait < exchange.end(within: lane.settings.timeouts.total), lane.vitals.takeRetry(loop.now) else { return false }
        exchange.upstream?.cancel(GatewayError(.clientClosed))
        exchange.response.clear()
        retry(exchange, on: lane, cause, after: wait)
        return true
    }

    /// Sends the exchange once more; a call with what is left of its time.
    func sendAgain(_ exchange: Exchange, to lane: UpstreamLane, fresh: Bool = false) {
        guard exchange.call == .none || prepareCall(exchange) else { return refuse(exchange, GatewayError(.deadlineExceeded)) }
        lane.send(exchange, fresh: fresh)
    }

    private func retry(_ exchange: Exchange, on lane: UpstreamLane, _ cause: RetryCause, after wait: Nanoseconds) {
        lane.vitals.retries.note(cause)
        exchange.noteTriedEndpoint()
        takeBackBody(exchange)
        guard wait > 0 else { return sendAgain(exchange, to: lane) }
        delayed.add(exchange, for: wait) { [unowned self] in sendAgain($0, to: lane) }
    }

    private func refuseForGood(_ exchange: Exchange, _ error: GatewayError, _ lane: UpstreamLane) {
        guard error.reason == .breakerOpen else { return refuse(exchange, error) }
        exchange.response.clear()
        exchange.response.fields.append(.retryAfter) { $0.append(decimal: lane.retryAfter) }
        refuse(exchange, error, keepsFields: true)
    }

    // MARK: Waiting

    private func backoff(_ exchange: Exchange, _ cause: RetryCause, _ lane: UpstreamLane) -> Nanoseconds {
        let tries = Int(exchange.attempts)
        // Another endpoint has done nothing to be spared.
        if cause.isHarmless, tries < lane.endpoints.count { return 0 }
        return lane.settings.retries.backoff.wait(tries, &random)
    }

    /// What an answer of 429 or 503 asks for by `Retry-After` (RFC 9110 §10.2.3), nanoseconds; nil when that is too long. A date
    /// is.
    private func askedWait(_ exchange: Exchange, most: Nanoseconds) -> Nanoseconds? {
        let response = exchange.response
        guard response.status == 429 || response.status == 503, let text = response.fields[.retryAfter] else { return 0 }
        guard let seconds = text.decimal, seconds >= 0, seconds <= 3600 else { return nil }
        let wait = UInt64(seconds) * 1_000_000_000
        return wait <= most ? wait : nil
    }

    // MARK: The body

    /// Whether all of the body that the upstream has to get is here, or still to come.
    private func canRepeatBody(_ exchange: Exchange) -> Bool {
        guard exchange.requestBodyTouched else { return true }
        return (exchange.requestStages.last as? RequestRecorder)?.hasWhole ?? false
    }

    /// A body that was handed on is given again from memory.
    private func takeBackBody(_ exchange: Exchange) {
        guard exchange.requestBodyTouched, let recorder = exchange.requestStages.last as? RequestRecorder, let body = recorder.takeWhole()
        else { return }
        exchange.requestStages.removeAll()
        if let pacer = exchange.pacer { pacer.pipe = nil } else { exchange.requestFilter = nil }
        exchange.requestBodyTouched = false
        exchange.downstream = RequestReplay(exchange, body)
        exchange.request.announce(body.count)
    }
}

extension Exchange {
    /// The endpoint that it was sent to is not to be chosen again while there is another.
    func noteTriedEndpoint() {
        if endpointIndex >= 0, endpointIndex < 64 { triedEndpoints |= 1 << UInt64(endpointIndex) }
    }
}
