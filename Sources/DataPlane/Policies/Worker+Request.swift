import GatewayCore
import PolicyKit
import Primitives
import Reactor

/// A request on its way through its chain.
extension Worker {
    func runRequest(_ exchange: Exchange, through chain: PolicyChain) {
        let isPreflight = chain.answersPreflights && isPreflight(exchange)
        act(isPreflight ? chain.preflight(exchange) : chain.request(exchange), exchange, chain)
    }

    private func act(_ outcome: PolicyChain.RequestOutcome, _ exchange: Exchange, _ chain: PolicyChain) {
        switch outcome {
        case .passed:
            guard let view = exchange.snapshot as? SnapshotView else { return }
            perform(view.routes[Int(exchange.route)], exchange, view)
        case .stopped(let verdict): stop(exchange, verdict)
        case .waits(let policy, let place): wait(exchange, for: policy, place, chain)
        case .wantsBody(let policy, let most, let place): collect(exchange, for: policy, most: most, place, chain)
        case .waitsWithBody(let policy, let place):
            let started = exchange.trace == nil ? Instant.never : loop.backend.now
            suspend(exchange, BodyWait(policy: policy, place: place, chain: chain, worker: self, started: started))
        }
    }

    /// A policy answers in place of the upstream.
    private func stop(_ exchange: Exchange, _ verdict: Verdict) {
        switch verdict {
        case .proceed: return
        case .refuse(let error): refuse(exchange, error, keepsFields: true)
        case .reply:
            let body = exchange.takenReplyBody
            exchange.response.framing = .length(body.count)
            answerThroughChain(exchange)
        }
    }

    // MARK: Waiting

    private func wait(_ exchange: Exchange, for policy: any AsyncRequestPolicy, _ place: Int, _ chain: PolicyChain) {
        let started = exchange.trace == nil ? Instant.never : loop.backend.now
        suspend(exchange, RequestWait(policy: policy, place: place, chain: chain, worker: self, started: started))
    }

    fileprivate func goOn(_ wait: RequestWait, _ exchange: Exchange, _ verdict: Verdict) {
        wait.chain.noteRequest(wait.place, since: wait.started, verdict, exchange)
        act(wait.chain.continueRequest(exchange, after: wait.place, with: verdict), exchange, wait.chain)
    }

    fileprivate func goOn(_ wait: BodyWait, _ exchange: Exchange, _ verdict: Verdict) {
        wait.chain.noteRequest(wait.place, since: wait.started, verdict, exchange)
        act(wait.chain.continueRequest(exchange, afterBody: wait.place, with: verdict), exchange, wait.chain)
    }

    // MARK: The whole body

    private func collect(
        _ exchange: Exchange, for policy: any RequestBodyPolicy, most: Int, _ place: Int, _ chain: PolicyChain
    ) {
        let goOn: (Exchange, ByteBuffer) -> Void = { [self] exchange, body in
            act(chain.continueRequest(exchange, after: place, policy, body: body), exchange, chain)
        }
        if let replay = exchange.requestReplay {
            // Another policy had the body collected; it may be too long for this one.
            guard replay.body.count <= most else { return refuse(exchange, BodyTooLong.request(most)) }
            return goOn(exchange, replay.body)
        }
        switch exchange.request.framing {
        case .none, .length(0):
            let replay = RequestReplay(exchange, ByteBuffer())
            exchange.downstream = replay
            goOn(exchange, replay.body)
        case .length(let count) where count > most: refuse(exchange, BodyTooLong.request(most))
        default: RequestCollector.begin(exchange, most: most, worker: self, then: goOn)
        }
    }

    /// The request's body passes stages on its way.
    func filterRequestBody(_ exchange: Exchange) {
        exchange.requestFilter = RequestPipe(exchange, worker: self)
        guard !exchange.requestStages.keepLength, exchange.request.forwardFraming != .none else { return }
        exchange.request.changedFraming = .chunked
    }

    /// The request can't be carried on: its body breaks a rule.
    func requestFailed(_ exchange: Exchange, _ error: GatewayError) {
        exchange.upstream?.cancel(error)
        exchange.upstream = nil
        if exchange.responseStarted {
            exchange.downstream?.abort(error)
        } else {
            refuse(exchange, error)
        }
    }
}

/// A request that waits for a policy.
private struct RequestWait: PolicyWait {
    let policy: any AsyncRequestPolicy
    let place: Int
    let chain: PolicyChain
    let worker: Worker
    let started: Instant

    func work(_ exchange: Exchange) async -> Verdict { await policy.onRequest(exchange) }
    func goOn(_ exchange: Exchange, _ verdict: Verdict) { worker.goOn(self, exchange, verdict) }
}

/// A request that waits for a policy that has its body.
private struct BodyWait: PolicyWait {
    let policy: any AsyncRequestBodyPolicy
    let place: Int
    let chain: PolicyChain
    let worker: Worker
    let started: Instant

    func work(_ exchange: Exchange) async -> Verdict {
        guard let replay = exchange.requestReplay else { return .refuse(.internalError) }
        let verdict = await policy.onWholeRequestBody(exchange, replay.body)
        // The body goes back to the loop with the replay, and the client may be gone by now.
        return withExtendedLifetime(replay) { verdict }
    }

    func goOn(_ exchange: Exchange, _ verdict: Verdict) { worker.goOn(self, exchange, verdict) }
}

enum BodyTooLong {
    static func request(_ most: Int) -> GatewayError {
        GatewayError(.requestTooLarge, "The request's body is longer than \(most) bytes.")
    }

    static func response(_ most: Int) -> GatewayError {
        GatewayError(.responseTooLarge, .upstream, "The response's body is longer than \(most) bytes.")
    }
}
