import Expressions
import GatewayCore
import Model
import PolicyKit
import Primitives
import Telemetry
import Upstreams

/// One route of a snapshot, with everything decided that can be decided before a request comes.
final class CompiledRoute: Sendable {
    let index: Int
    let api: String
    let name: String
    let action: CompiledAction
    let encodedSlashes: EncodedSlashes
    let rewrite: CompiledTemplate?
    let hostHeader: Upstreams.HostHeader?
    let tunnel: TunnelSettings
    let importance: Importance
    let labels: RouteLabels
    let info: RouteInfo
    /// Nil when no policy has anything to do.
    let chain: PolicyChain?

    init(
        index: Int, api: String, name: String, action: CompiledAction, upstream: String, stripsBasePath: Bool, encodedSlashes: EncodedSlashes,
        rewrite: CompiledTemplate?, hostHeader: Upstreams.HostHeader?, tunnel: TunnelSettings, importance: Importance, parameters: [String],
        chain: PolicyChain?
    ) {
        self.index = index
        self.api = api
        self.name = name
        self.action = action
        self.encodedSlashes = encodedSlashes
        self.rewrite = rewrite
        self.hostHeader = hostHeader
        self.tunnel = tunnel
        self.importance = importance
        labels = RouteLabels(api: api, route: name)
        info = RouteInfo(api: api, name: name, parameters: parameters, stripsBasePath: stripsBasePath, upstream: upstream)
        self.chain = chain
    }
}

enum CompiledAction: Sendable {
    var forwards: Bool {
        switch self {
        case .upstream, .split: true
        case .redirect, .respond: false
        }
    }

    /// Index of the upstream in the snapshot.
    case upstream(Int)
    case split(Split)
    case redirect(CompiledTemplate, status: Int)
    case respond(CannedResponse)
}

/// A weighted choice between upstreams.
struct Split: Sendable {
    /// Upstream and the sum of the weights up to and including it.
    let targets: [(upstream: Int, upTo: Int)]
    let total: Int
    let key: Expression?

    /// The upstream for a number that is spread evenly.
    func choose(_ number: UInt64) -> Int? {
        guard total > 0 else { return nil }
        let place = Int(number % UInt64(total))
        for target in targets where place < target.upTo { return target.upstream }
        return nil
    }
}

/// A response that needs no upstream.
struct CannedResponse: Sendable {
    let status: Int
    let headers: [(name: String, value: String)]
    let body: CompiledTemplate
    let hasContentType: Bool
}
