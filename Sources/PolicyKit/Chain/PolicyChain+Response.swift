import Expressions
package import GatewayCore
package import Primitives
package import Reactor

extension PolicyChain {
    /// How far a response came in the chain.
    package enum ResponseOutcome {
        case passed
        /// A policy has put something in its place; the policies that are left see that.
        case replaced(Verdict)
        /// The policy has to wait for something; `continueResponse(with:)` takes its verdict.
        case waits(any AsyncResponsePolicy)
        /// The policy wants the whole body; `continueResponse(_:body:)` shows it that.
        case wantsBody(any ResponseBodyPolicy, most: Int)
    }

    /// Whether any policy that the request has passed has something to do for its response.
    package func hasResponseWork(_ exchange: Exchange) -> Bool {
        guard exchange.chain.responded < responseSteps.count, let last = responseSteps.last else { return false }
        return last.index < exchange.chain.reached
    }

    /// Takes a response through the policies that its request has passed and that have not seen it yet, in reverse, as far as
    /// it goes without waiting.
    package func response(_ exchange: Exchange) -> ResponseOutcome {
        while exchange.chain.responded < responseSteps.count {
            let place = exchange.chain.responded
            exchange.chain.responded = place + 1
            let index = responseSteps[place].index
            guard index < exchange.chain.reached, exchange.chain.skipped & 1 << UInt64(index) == 0 else { continue }
            exchange.chain.step = index
            if let condition = responseSteps[place].condition, !holds(condition, responseSteps[place].instance, exchange) {
                exchange.trace?.record(responseSteps[place].instance.label, .response, 0, .skipped)
                continue
            }
            switch responseSteps[place].action {
            case .none: break
            case .now(let policy):
                let verdict = exchange.trace == nil ? policy.onResponse(exchange) : traced(policy, place, exchange)
                if case .proceed = verdict { break }
                return .replaced(verdict)
            case .later(let policy):
                let start = exchange.trace == nil ? Instant.never : exchange.loop.backend.now
                guard let verdict = policy.verdict(ofResponse: exchange) else { return .waits(policy) }
                note(responseSteps[place].instance, .response, since: start, verdict, exchange)
                if case .proceed = verdict { break }
                return .replaced(verdict)
            }
            if let outcome = demandBody(exchange, place) { return outcome }
        }
        return .passed
    }

    /// Goes on behind the policy that was waited for.
    package func continueResponse(_ exchange: Exchange, with verdict: Verdict) -> ResponseOutcome {
        guard case .proceed = verdict else { return .replaced(verdict) }
        if let outcome = demandBody(exchange, exchange.chain.responded - 1) { return outcome }
        return response(exchange)
    }

    /// Shows the policy that has asked for it the whole body, and goes on behind it.
    package func continueResponse(_ exchange: Exchange, _ policy: any ResponseBodyPolicy, body: ByteBuffer) -> ResponseOutcome {
        let start = exchange.trace == nil ? Instant.never : exchange.loop.backend.now
        let verdict = policy.onResponseBody(exchange, body)
        note(responseSteps[exchange.chain.responded - 1].instance, .body, since: start, verdict, exchange)
        guard case .proceed = verdict else { return .replaced(verdict) }
        return response(exchange)
    }

    private func demandBody(_ exchange: Exchange, _ place: Int) -> ResponseOutcome? {
        guard let policy = responseSteps[place].body else { return nil }
        switch policy.responseBody(exchange) {
        case .none: return nil
        case .stream(let stage):
            exchange.responseStages.append(stage)
            return nil
        case .whole(let most): return .wantsBody(policy, most: most)
        }
    }

    private func traced(_ policy: any ResponsePolicy, _ place: Int, _ exchange: Exchange) -> Verdict {
        let start = exchange.loop.backend.now
        let verdict = policy.onResponse(exchange)
        note(responseSteps[place].instance, .response, since: start, verdict, exchange)
        return verdict
    }

    /// For those who run a policy of the chain themselves, because it waits.
    package func noteResponse(since start: Instant, _ verdict: Verdict, _ exchange: Exchange) {
        note(responseSteps[exchange.chain.responded - 1].instance, .response, since: start, verdict, exchange)
    }
}
