import GatewayCore
import PolicyKit
import Primitives
import Reactor

/// A response on its way back through the chain: the upstream's, or the gateway's own.
extension Worker {
    func chain(of exchange: Exchange) -> PolicyChain? {
        guard exchange.route >= 0, let view = exchange.snapshot as? SnapshotView else { return nil }
        return view.routes[Int(exchange.route)].chain
    }

    // MARK: Of the gateway's own

    /// Sends `exchange.response` with this body, through the policies that the request has passed.
    func answer(_ exchange: Exchange, body: ByteView) {
        guard let chain = chain(of: exchange), chain.hasResponseWork(exchange) else {
            announceTiming(exchange)
            return exchange.reply(body: body)
        }
        exchange.takeReplyBody().append(body)
        answerThroughChain(exchange)
    }

    /// Sends `exchange.response` with the body in its buffer, through the policies that have not seen a response yet.
    func answerThroughChain(_ exchange: Exchange) {
        guard let chain = chain(of: exchange) else { return exchange.reply(body: exchange.takenReplyBody) }
        act(chain.response(exchange), ownResponseOf: exchange, chain)
    }

    private func act(_ outcome: PolicyChain.ResponseOutcome, ownResponseOf exchange: Exchange, _ chain: PolicyChain) {
        switch outcome {
        case .passed: deliver(exchange)
        case .replaced(let verdict):
            replace(exchange, verdict)
            answerThroughChain(exchange)
        case .waits(let policy):
            suspend(exchange, OwnResponseWait(policy: policy, chain: chain, worker: self, started: loop.backend.now))
        case .wantsBody(let policy, let most):
            let body = exchange.replyBody ?? exchange.takeReplyBody()
            guard body.count <= most else {
                replace(exchange, .refuse(BodyTooLong.response(most)))
                return answerThroughChain(exchange)
            }
            act(chain.continueResponse(exchange, policy, body: body), ownResponseOf: exchange, chain)
        }
    }

    fileprivate func goOn(_ wait: OwnResponseWait, _ exchange: Exchange, _ verdict: Verdict) {
        wait.chain.noteResponse(since: wait.started, verdict, exchange)
        act(wait.chain.continueResponse(exchange, with: verdict), ownResponseOf: exchange, wait.chain)
    }

    /// Sends what is in the exchange; its body passes the stages at once.
    private func deliver(_ exchange: Exchange) {
        announceTiming(exchange)
        guard !exchange.responseStages.isEmpty, let body = exchange.replyBody else {
            exchange.response.framing = .length(exchange.takenReplyBody.count)
            return exchange.reply(body: exchange.takenReplyBody)
        }
        let stages = exchange.responseStages
        exchange.responseStages.removeAll()
        let staged = loop.takeBuffer()
        defer { loop.giveBack(staged) }
        do throws(GatewayError) {
            try stages.take(body.view) { (bytes) throws(GatewayError) in staged.append(bytes) }
            var trailers: HeaderFields?
            try stages.end(trailers: &trailers) { (bytes) throws(GatewayError) in staged.append(bytes) }
        } catch {
            replace(exchange, .refuse(error))
            return answerThroughChain(exchange)
        }
        exchange.response.framing = .length(staged.count)
        exchange.reply(body: staged.view)
    }

    /// Puts what a policy wants in the place of the response.
    func replace(_ exchange: Exchange, _ verdict: Verdict) {
        exchange.responseStages.removeAll()
        guard case .refuse(let error) = verdict else { return }
        exchange.error = error
        let body = exchange.takeReplyBody()
        ErrorResponse.compose(error, on: exchange, body: body)
    }

    // MARK: Of the upstream's

    /// False: the exchange was answered otherwise, or is going to be.
    func passUpstreamHead(_ exchange: Exchange) -> Bool {
        guard let chain = chain(of: exchange), chain.hasResponseWork(exchange) else {
            announceTiming(exchange)
            return true
        }
        switch withoutBody(chain.response(exchange), exchange, chain) {
        case .passed:
            guard !exchange.responseStages.isEmpty else {
                announceTiming(exchange)
                return true
            }
            ResponseGate(exchange, worker: self, chain).open()
            return true
        case .replaced(let verdict):
            exchange.upstream?.cancel(GatewayError(.clientClosed))
            replace(exchange, verdict)
            answerThroughChain(exchange)
            return false
        case .waits(let policy):
            ResponseGate(exchange, worker: self, chain).wait(for: policy)
            return true
        case .wantsBody(let policy, let most):
            if case .length(let count) = exchange.response.framing, count > most {
                exchange.upstream?.cancel(GatewayError(.clientClosed))
                replace(exchange, .refuse(BodyTooLong.response(most)))
                answerThroughChain(exchange)
                return false
            }
            ResponseGate(exchange, worker: self, chain).collect(for: policy, most: most)
            return true
        }
    }

    // MARK: Errors

    /// Answers with an error. What was begun for the exchange is given up.
    ///
    /// - Parameter keepsFields: fields in `exchange.response` go out with the error.
    func refuse(_ exchange: Exchange, _ error: GatewayError, allow: HTTPMethodSet? = nil, keepsFields: Bool = false) {
        if let gate = exchange.downstream as? ResponseGate { exchange.downstream = gate.inner }
        exchange.chain.ticket &+= 1
        exchange.task?.cancel()
        exchange.task = nil
        exchange.error = error
        scratch.clear()
        ErrorResponse.compose(error, allow: allow, keepsFields: keepsFields, on: exchange, body: scratch)
        answer(exchange, body: scratch.view)
    }
}

/// An answer of the gateway's own that waits for a policy.
private struct OwnResponseWait: PolicyWait {
    let policy: any AsyncResponsePolicy
    let chain: PolicyChain
    let worker: Worker
    let started: Instant

    func work(_ exchange: Exchange) async -> Verdict { await policy.onResponse(exchange) }
    func goOn(_ exchange: Exchange, _ verdict: Verdict) { worker.goOn(self, exchange, verdict) }
}
