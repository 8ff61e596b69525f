import Identity
package import Model
import PolicyKit
import Routing
import SharedState
import TLS
import Upstreams

/// One immutable, fully checked, compiled configuration.
package final class Snapshot: Sendable {
    /// Names what was compiled: a hash of the sources.
    package let version: String
    /// Without its consumers: those are in `identities`, as far as they are used.
    package let configuration: Configuration
    package let consumers: ConsumerDigest
    let routes: [CompiledRoute]
    let table: RouteTable
    let upstreams: [CompiledUpstream]
    /// For each route its index in the snapshot before, or -1: its counters go on.
    let predecessors: [Int32]
    /// The policies by where they stand, for the snapshot that replaces this one.
    let policies: [String: PolicyInstance]
    /// The consumers, if a policy has asked for them.
    let identities: IdentityDirectory?
    /// What the policies count with.
    let stores: SharedStores
    /// Those that there were when the policies were made.
    let storeKinds: Set<StoreKind>
    let timing: TimingRule?
    let overload: OverloadRule?
    /// By the name of the listener.
    let tls: [String: TLSServerContext]
    /// Event loops that the limits were divided by.
    let loops: Int

    init(
        version: String, configuration: Configuration, consumers: ConsumerDigest = ConsumerDigest([]), routes: [CompiledRoute], table: RouteTable,
        upstreams: [CompiledUpstream],
        predecessors: [Int32],
        policies: [String: PolicyInstance], identities: IdentityDirectory? = nil, stores: SharedStores = SharedStores(), timing: TimingRule?,
        overload: OverloadRule? = nil,
        tls: [String: TLSServerContext] = [:],
        loops: Int
    ) {
        self.version = version
        var kept = configuration
        kept.consumers = []
        self.configuration = kept
        self.consumers = consumers
        self.routes = routes
        self.table = table
        self.upstreams = upstreams
        self.predecessors = predecessors
        self.policies = policies
        self.identities = identities
        self.stores = stores
        storeKinds = stores.kinds
        self.timing = timing
        self.overload = overload
        self.tls = tls
        self.loops = loops
    }

    /// Serves nothing.
    static func empty() throws -> Snapshot {
        Snapshot(
            version: "", configuration: Configuration(), routes: [], table: try RouteTable([]), upstreams: [], predecessors: [],
            policies: [:], timing: nil, tls: [:], loops: 1)
    }
}

/// An upstream with the addresses that are known without asking anybody, and the names that have to be resolved.
struct CompiledUpstream: Sendable, Equatable {
    var settings: UpstreamSettings
    /// Nil for plain text.
    var tls: TLSClientContext?
    /// What all loops know of it together; the same as before where the settings allow it.
    var state: UpstreamState
    var endpoints: [EndpointSource]
}

/// Where endpoints come from.
enum EndpointSource: Sendable, Hashable {
    case address(EndpointSettings)
    /// Every address of the name, or only the first, is an endpoint.
    case name(String, port: UInt16, weight: Int, each: Bool)
    /// Every place that DNS names for the service is one.
    case service(String, weight: Int)
}
