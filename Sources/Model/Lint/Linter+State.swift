import Primitives
import Schema

extension Linter {
    mutating func checkState(_ state: StateSettings) {
        if state.namespace.isEmpty || !state.namespace.utf8.allSatisfy({ ASCII.isDigit($0) || ASCII.isLetter($0) || "-_.".utf8.contains($0) }) {
            error(state.$namespace.position, "state.namespace", "a namespace is made of letters, digits, `-`, `_` and `.`")
        }
        guard case .group(let redis) = state.redis else { return }
        let path = "state.redis"
        checkServers(redis, path)
        checkUser(redis, path)
        if let tls = redis.tls { check(tls, redis, "\(path).tls") }
    }

    private mutating func checkServers(_ redis: RedisSettings, _ path: String) {
        let kinds = [("url", redis.url != nil), ("sentinel", redis.sentinel != nil), ("cluster", redis.$cluster.isGiven)].filter(\.1).map(\.0)
        if kinds.count != 1 {
            error(
                redis.origin.position, path,
                kinds.isEmpty ? "nothing says where the server is" : "\(kinds.joined(separator: " and ")) exclude each other",
                remedy: "give one of `url`, `sentinel`, `cluster`")
        }
        if redis.$cluster.isGiven {
            checkAddresses(redis.$cluster, "\(path).cluster")
            if let database = redis.database, database != 0 {
                error(redis.$database.position, "\(path).database", "a cluster has no database but 0", remedy: "remove it")
            }
        }
        if let sentinel = redis.sentinel {
            checkAddresses(sentinel.$servers, "\(path).sentinel.servers")
            if sentinel.master.isEmpty || sentinel.master.contains(" ") {
                error(sentinel.$master.position, "\(path).sentinel.master", "not the name of a master", remedy: "such as mymaster")
            }
        }
    }

    private mutating func checkAddresses(_ servers: Setting<[EndpointAddress]>, _ path: String) {
        if servers.wrappedValue.isEmpty { error(servers.position, path, "at least one server is needed", remedy: "such as redis-1.internal:6379") }
        for (i, address) in servers.wrappedValue.enumerated() {
            if case .unix = address { error(servers.position, "\(path)[\(i)]", "servers that name others have a host and a port") }
        }
    }

    private mutating func checkUser(_ redis: RedisSettings, _ path: String) {
        if let url = redis.url {
            if url.username != nil, redis.username != nil {
                error(redis.$username.position, "\(path).username", "the URL names a user already", remedy: "remove one")
            }
            if url.password != nil, redis.password != nil {
                error(redis.$password.position, "\(path).password", "the URL has a password already", remedy: "remove one")
            }
            if url.database != nil, redis.database != nil {
                error(redis.$database.position, "\(path).database", "the URL names a database already", remedy: "remove one")
            }
        }
        if redis.username != nil, redis.password == nil, redis.url?.password == nil {
            error(redis.$username.position, "\(path).username", "a user needs a password", remedy: "set `password` too")
        }
        if let sentinel = redis.sentinel, sentinel.username != nil, sentinel.password == nil {
            error(sentinel.$username.position, "\(path).sentinel.username", "a user needs a password", remedy: "set `password` too")
        }
    }

    private mutating func check(_ tls: RedisTLS, _ redis: RedisSettings, _ path: String) {
        checkReadable(tls.authorities, tls.$authorities.position, "\(path).authorities")
        checkReadable(tls.certificate, tls.$certificate.position, "\(path).certificate")
        checkReadable(tls.key, tls.$key.position, "\(path).key")
        if tls.certificate != nil, tls.key == nil {
            error(tls.$certificate.position, "\(path).certificate", "a certificate needs its key", remedy: "set `key` too")
        } else if tls.certificate == nil, tls.key != nil {
            error(tls.$key.position, "\(path).key", "a key needs its certificate", remedy: "set `certificate` too")
        }
        if !tls.verify {
            warning(
                tls.$verify.position, "\(path).verify", "whoever can reach the path to the server can read and change everything",
                remedy: "trust the authority of a self-signed certificate with `authorities`")
        }
        if tls.verify, tls.serverName == nil, case .unix = redis.url?.address {
            error(redis.$tls.position, path, "a server without a host needs a name to check", remedy: "set `serverName`")
        }
    }
}
