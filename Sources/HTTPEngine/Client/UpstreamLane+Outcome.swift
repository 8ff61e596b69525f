package import GatewayCore
import Upstreams

/// What is learned from exchanges about the endpoints that they went to.
extension UpstreamLane {
    /// The head of a response is there; `exchange.upstreamStarted` is when the attempt began.
    package func answered(_ exchange: Exchange) {}

    /// An attempt is over: complete, failed, or given up.
    func ended(_ exchange: Exchange, endpoint index: Int, failed: Bool) {
        inFlight -= 1
        candidates[index].active -= 1
        if failed { endpoints[index].counters.failures += 1 }
    }
}
