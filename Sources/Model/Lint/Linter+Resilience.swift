import Schema

extension Linter {
    /// Settings for failing upstreams that can't have the effect that they promise.
    mutating func checkResilience(_ upstream: Upstream, _ path: String) {
        checkTimes(upstream.retries, upstream, "\(path).retries")
        checkPassive(upstream, "\(path).health.passive")
        // A name may stand for several endpoints.
        let isAlone = upstream.endpoints.count == 1 && upstream.endpoints.allSatisfy { if case .name = $0.address { false } else { true } }
        guard isAlone else { return }
        if upstream.hedging != nil {
            warning(
                upstream.$hedging.position, "\(path).hedging", "has no effect: there is one endpoint",
                remedy: "a second request needs a second endpoint")
        }
        if let passive = upstream.health.passive {
            warning(
                passive.$failures.position, "\(path).health.passive", "has no effect: the only endpoint is never left out", remedy: "use `breaker`")
        }
    }

    private mutating func checkTimes(_ retries: Retries, _ upstream: Upstream, _ path: String) {
        if let perTry = retries.perTry, retries.attempts > 1, let total = upstream.timeouts.total, perTry >= total {
            warning(retries.$perTry.position, "\(path).perTry", "one try may take all of `timeouts.total`, so no other follows it")
        }
        if retries.$maxBackoff.isGiven, retries.maxBackoff < retries.backoff {
            warning(retries.$maxBackoff.position, "\(path).maxBackoff", "has no effect: `backoff` is longer")
        }
    }

    private mutating func checkPassive(_ upstream: Upstream, _ path: String) {
        guard let passive = upstream.health.passive else { return }
        if passive.failures == 0, passive.successRate == nil, passive.latency == nil {
            error(passive.$failures.position, "\(path).failures", "no rule ejects an endpoint", remedy: "use `failures`, `successRate` or `latency`")
        }
        if passive.$maxEjectFor.isGiven, passive.maxEjectFor < passive.ejectFor {
            warning(passive.$maxEjectFor.position, "\(path).maxEjectFor", "has no effect: `ejectFor` is longer")
        }
    }
}
