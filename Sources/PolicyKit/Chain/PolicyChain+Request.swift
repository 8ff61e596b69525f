import Expressions
package import GatewayCore
package import Primitives
package import Reactor

extension PolicyChain {
    /// How far a request came in the chain.
    package enum RequestOutcome {
        /// Through.
        case passed
        /// A policy has answered or refused it.
        case stopped(Verdict)
        /// The policy at `place` has to wait for something; `continueRequest(after:with:)` takes its verdict.
        case waits(any AsyncRequestPolicy, place: Int)
        /// The policy at `place` wants the whole body; `continueRequest(after:_:body:)` shows it that.
        case wantsBody(any RequestBodyPolicy, most: Int, place: Int)
        /// It has the whole body, and has to wait for something; `continueRequest(afterBody:with:)` takes its verdict.
        case waitsWithBody(any AsyncRequestBodyPolicy, place: Int)
    }

    /// Takes a request through the chain, as far as it goes without waiting.
    package func request(_ exchange: Exchange) -> RequestOutcome { run(exchange, from: 0) }

    /// Goes on behind the policy at `place`, which was waited for.
    package func continueRequest(_ exchange: Exchange, after place: Int, with verdict: Verdict) -> RequestOutcome {
        guard case .proceed = verdict else { return .stopped(verdict) }
        if let outcome = demandBody(exchange, place) { return outcome }
        return run(exchange, from: place + 1)
    }

    private func run(_ exchange: Exchange, from start: Int) -> RequestOutcome {
        var place = start
        while place < requestSteps.count {
            let index = requestSteps[place].index
            exchange.chain.reached = index + 1
            exchange.chain.step = index
            if !takesPart(place, exchange) {
                exchange.chain.skipped |= 1 << UInt64(index)
                exchange.trace?.record(requestSteps[place].instance.label, .request, 0, .skipped)
                place += 1
                continue
            }
            switch requestSteps[place].action {
            case .none: break
            case .now(let policy):
                let verdict = exchange.trace == nil ? policy.onRequest(exchange) : traced(policy, place, exchange)
                if case .proceed = verdict { break }
                return .stopped(verdict)
            case .later(let policy):
                let start = exchange.trace == nil ? Instant.never : exchange.loop.backend.now
                guard let verdict = policy.verdict(exchange) else { return .waits(policy, place: place) }
                note(requestSteps[place].instance, .request, since: start, verdict, exchange)
                if case .proceed = verdict { break }
                return .stopped(verdict)
            }
            if requestSteps[place].body != nil, let outcome = demandBody(exchange, place) { return outcome }
            place += 1
        }
        exchange.chain.reached = instances.count
        return .passed
    }

    /// A preflight carries no credentials, so on its way to the policy that answers it, it is not asked for any. Where no such policy
    /// has work to do, it is a request like any other.
    package func preflight(_ exchange: Exchange) -> RequestOutcome {
        let isAnswered = requestSteps.contains { step in
            step.instance.answersPreflight && (step.condition.map { holds($0, step.instance, exchange) } ?? true)
        }
        if isAnswered {
            for step in requestSteps where step.instance.concernsCaller { exchange.chain.skipped |= 1 << UInt64(step.index) }
        }
        return run(exchange, from: 0)
    }

    private func takesPart(_ place: Int, _ exchange: Exchange) -> Bool {
        if exchange.chain.skipped & 1 << UInt64(requestSteps[place].index) != 0 { return false }
        guard let condition = requestSteps[place].condition else { return true }
        return holds(condition, requestSteps[place].instance, exchange)
    }

    /// Guards run when their condition can't be evaluated: nobody passes one by leaving out what it asks for.
    func holds(_ condition: Expression, _ instance: PolicyInstance, _ exchange: Exchange) -> Bool {
        exchange.test(condition) ?? instance.isGuard
    }

    private func demandBody(_ exchange: Exchange, _ place: Int) -> RequestOutcome? {
        guard let policy = requestSteps[place].body else { return nil }
        switch policy.requestBody(exchange) {
        case .none: return nil
        case .stream(let stage):
            exchange.requestStages.append(stage)
            return nil
        case .whole(let most): return .wantsBody(policy, most: most, place: place)
        }
    }

    private func traced(_ policy: any RequestPolicy, _ place: Int, _ exchange: Exchange) -> Verdict {
        let start = exchange.loop.backend.now
        let verdict = policy.onRequest(exchange)
        note(requestSteps[place].instance, .request, since: start, verdict, exchange)
        return verdict
    }

    /// Shows the policy at `place` the whole body that it has asked for, and goes on behind it.
    package func continueRequest(
        _ exchange: Exchange, after place: Int, _ policy: any RequestBodyPolicy, body: ByteBuffer
    ) -> RequestOutcome {
        exchange.chain.step = requestSteps[place].index
        if let policy = policy as? any AsyncRequestBodyPolicy { return .waitsWithBody(policy, place: place) }
        let start = exchange.trace == nil ? Instant.never : exchange.loop.backend.now
        let verdict = policy.onRequestBody(exchange, body)
        note(requestSteps[place].instance, .body, since: start, verdict, exchange)
        guard case .proceed = verdict else { return .stopped(verdict) }
        return run(exchange, from: place + 1)
    }

    /// Goes on behind the policy at `place`, which has the body and was waited for.
    package func continueRequest(_ exchange: Exchange, afterBody place: Int, with verdict: Verdict) -> RequestOutcome {
        guard case .proceed = verdict else { return .stopped(verdict) }
        return run(exchange, from: place + 1)
    }

    /// For those who run a policy of the chain themselves, because it waits.
    package func noteRequest(_ place: Int, since start: Instant, _ verdict: Verdict, _ exchange: Exchange) {
        note(requestSteps[place].instance, .request, since: start, verdict, exchange)
    }

    func note(_ instance: PolicyInstance, _ phase: PolicyTrace.Phase, since start: Instant, _ verdict: Verdict, _ exchange: Exchange) {
        exchange.trace?.record(instance.label, phase, exchange.loop.backend.now - start, PolicyTrace.Decision(verdict))
    }
}

extension PolicyTrace.Decision {
    package init(_ verdict: Verdict) {
        switch verdict {
        case .proceed: self = .passed
        case .reply: self = .replied
        case .refuse(let error): self = .refused(error.reason)
        }
    }
}
