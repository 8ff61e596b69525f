import GatewayCore
import Upstreams

/// Which endpoint an exchange goes to.
extension UpstreamLane {
    /// The index of the endpoint; nil when none may be used.
    func pick(_ exchange: Exchange) -> Int? { balancer.pick(candidates, tried: exchange.triedEndpoints, random: &random) }
}
