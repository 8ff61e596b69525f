import Model
import Primitives
import Reactor
import Schema
import SharedState
import TLS

/// What gateways count together on.
extension Gateway {
    /// The stores that a configuration has: what policies are told before they are compiled.
    func offerStores(_ configuration: Configuration) {
        stores.put(configuration.state.reconciles ? localSync : nil, as: .localSync)
        stores.put(configuration.state.redis == nil ? nil : redisStore, as: .redis)
    }

    /// Uses the servers of a configuration. The connections to those that were used before stay.
    func applyState(_ configuration: Configuration) throws(ApplyError) {
        let state = configuration.state
        do throws(TLSError) {
            try redis.apply(RedisClientSettings(state))
        } catch {
            throw ApplyError(Diagnostic(.error, at: state.$redis.position, path: "state.redis", error.message, remedy: error.remedy))
        }
    }
}

extension RedisClientSettings {
    /// Nil: the configuration names no server.
    init?(_ state: StateSettings) {
        switch state.redis {
        case nil: return nil
        case .url(let url): self.init(url)
        case .group(let group): self.init(group)
        }
        keyPrefix = "\(state.namespace):"
    }

    private init(_ url: RedisURL) {
        self.init(.single(RedisServer(url.address)))
        username = url.username
        password = url.password?.text
        database = url.database ?? 0
        tls = url.isSecure ? TLSClientSettings() : nil
    }

    private init?(_ group: RedisSettings) {
        if let url = group.url {
            self.init(url)
        } else if let sentinel = group.sentinel {
            var settings = RedisSentinelSettings(master: sentinel.master, servers: sentinel.servers.map { RedisServer($0) })
            settings.username = sentinel.username
            settings.password = sentinel.password?.text
            self.init(.sentinel(settings))
        } else if !group.cluster.isEmpty {
            self.init(.cluster(group.cluster.map { RedisServer($0) }))
        } else {
            return nil
        }
        username = group.username ?? username
        password = group.password?.text ?? password
        database = group.database ?? database
        if let own = group.tls { tls = TLSClientSettings(own) }
        asksForRESP3 = group.protocol == .resp3
        connectTimeout = group.connectTimeout.nanoseconds
        timeout = group.timeout.nanoseconds
        mostWaiting = group.queue
    }
}

extension RedisServer {
    fileprivate init(_ address: EndpointAddress) {
        switch address {
        case .ip(let ip, let port): self = .address(.ip(ip, port: port))
        case .name(let name, let port): self = .name(name, port: port)
        case .service(let name): self = .name(name, port: 6379)
        case .unix(let path): self = .address(.unix(path))
        }
    }
}

extension TLSClientSettings {
    fileprivate init(_ tls: RedisTLS) {
        self.init()
        serverName = tls.serverName?.text
        authorities = tls.authorities?.path
        certificate = tls.certificate?.path
        key = tls.key?.path
        verifies = tls.verify
    }
}
