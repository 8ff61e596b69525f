import Primitives
import Reactor
import Upstreams

/// Directs the commands of one event loop to the servers. Confined to the loop.
final class RedisLane: @unchecked Sendable {
    let loop: EventLoop
    private let resolver: Resolver
    private var settings: RedisClientSettings?
    private var prefix: [UInt8] = []
    private var timeout: Nanoseconds = 0
    private var topology = Topology.none
    /// Of links that are gone.
    private var past = RedisCounters()

    private enum Topology {
        case none
        case single(RedisSingle)
        case sentinel(RedisSentinel)
        case cluster(RedisCluster)
    }

    init(loop: EventLoop, resolver: Resolver) {
        self.loop = loop
        self.resolver = resolver
    }

    /// From now on these servers are used; nil: none. The connections to others end.
    func use(_ settings: RedisClientSettings?, _ security: RedisSecurity?) {
        past = counters
        for link in links { link.stop() }
        self.settings = settings
        topology = .none
        guard let settings else { return }
        prefix = Array(settings.keyPrefix.utf8)
        timeout = settings.timeout
        switch settings.servers {
        case .single(let server): topology = .single(RedisSingle(server, settings, security, resolver, loop))
        case .sentinel(let sentinel): topology = .sentinel(RedisSentinel(sentinel, settings, security, resolver, loop))
        case .cluster(let seeds): topology = .cluster(RedisCluster(seeds, settings, security, resolver, loop))
        }
    }

    // MARK: Commands

    /// - Parameter key: that of all keys of the command, as far as it decides which node has them; nil: any node will do.
    func send(
        key: ByteView?, isRepeatable: Bool, script: RedisScript?, _ write: (inout RedisCommand) -> Void, then done: RedisCompletion?
    ) {
        let (link, slot) = target(key)
        let call = RedisCall(
            issued: loop.now, deadline: loop.now + timeout, slot: slot, isRepeatable: isRepeatable, script: script, done: done)
        guard let link else { return call.fail(RedisLane.unconfigured) }
        link.take(call, write)
    }

    /// The same, with bytes that were written elsewhere.
    func send(slot: Int?, isRepeatable: Bool, script: RedisScript?, _ command: [UInt8], then done: RedisCompletion?) {
        let call = RedisCall(
            issued: loop.now, deadline: loop.now + timeout, slot: slot, isRepeatable: isRepeatable, script: script, done: done)
        guard let link = link(of: slot) else { return call.fail(RedisLane.unconfigured) }
        link.take(call, command)
    }

    private static let unconfigured = StoreError(.unavailable, "no server is configured, or none of its cluster is known")

    @inline(__always)
    private func target(_ key: ByteView?) -> (RedisLink?, Int?) {
        switch topology {
        case .single(let single): return (single.link, nil)
        case .sentinel(let sentinel): return (sentinel.link, nil)
        case .cluster(let cluster):
            let slot = key.map { RedisSlot.of($0, prefix: prefix) }
            return (cluster.link(of: slot), slot)
        case .none: return (nil, nil)
        }
    }

    private func link(of slot: Int?) -> RedisLink? {
        switch topology {
        case .single(let single): single.link
        case .sentinel(let sentinel): sentinel.link
        case .cluster(let cluster): cluster.link(of: slot)
        case .none: nil
        }
    }

    // MARK: Reports

    /// Those to servers that have data.
    private var servers: [RedisLink] {
        switch topology {
        case .none: []
        case .single(let single): [single.link]
        case .sentinel(let sentinel): [sentinel.link]
        case .cluster(let cluster): cluster.links
        }
    }

    private var links: [RedisLink] {
        if case .sentinel(let sentinel) = topology { [sentinel.link, sentinel.sentinels] } else { servers }
    }

    private var counters: RedisCounters {
        var sum = past
        if case .cluster(let cluster) = topology { sum.add(cluster.past) }
        for link in servers { sum.add(link.total) }
        return sum
    }

    var report: RedisReport {
        RedisReport(loop: loop.index, servers: servers.map { RedisReport.Server($0) }, counters: counters)
    }
}

extension RedisLink {
    var total: RedisCounters {
        var sum = counters
        sum.openings = breaker.openings
        return sum
    }
}
