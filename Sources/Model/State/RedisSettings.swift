package import Schema

/// A server that speaks Redis' protocol: a URL alone, or a group with more to say.
package enum RedisLocation: SettingValue {
    case url(RedisURL)
    case group(RedisSettings)

    package static var shape: SettingShape { .either([RedisURL.shape, RedisSettings.shape]) }

    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> RedisLocation? {
        if node.isMap { return RedisSettings.decode(node, in: context).map { .group($0) } }
        return RedisURL.decode(node, in: context).map { .url($0) }
    }

    package var encoded: JSONValue {
        switch self {
        case .url(let url): url.encoded
        case .group(let settings): settings.encoded
        }
    }
}

package struct RedisSettings: Settings {
    @Setting("URL of one server: `redis://user:password@host:6379/0`, `rediss://…` for TLS, `unix:/path`.")
    package var url: RedisURL?

    @Setting("A master that sentinels watch, in place of `url`.")
    package var sentinel: SentinelSettings?

    @Setting("Nodes of a cluster, in place of `url`: some of them, which name the others.")
    package var cluster: [EndpointAddress] = []

    @Setting("User (Redis 6 and later). Left out: the URL's, or the server's default user.")
    package var username: String?

    @Setting("Password. Left out: the URL's.")
    package var password: SecretText?

    @Setting("Number of the database. Left out: the URL's, or 0.", 0...1_000_000)
    package var database: Int?

    @Setting("TLS towards the servers. That the group is there turns it on; so does `rediss://`.")
    package var tls: RedisTLS?

    @Setting("`resp3` asks for it, and goes on with `resp2` where the server has nothing else; `resp2` does not ask.")
    package var `protocol`: RedisProtocol = .resp3

    @Setting("For a connection to be ready: TCP, TLS, authentication.", .milliseconds(10) ... .seconds(60))
    package var connectTimeout: Duration = .seconds(1)

    @Setting(
        "For the answer to a command, waiting for a connection included. One that waits in vain opens the breaker: until the server answers again, nobody waits.",
        .milliseconds(1) ... .seconds(60))
    package var timeout: Duration = .milliseconds(50)

    @Setting("Commands of one event loop that wait or are under way; more are refused.", 1...1_000_000)
    package var queue: Int = 4096

    package var origin = Origin()
    package init() {}
}

package enum RedisProtocol: String, SettingChoice {
    case resp2, resp3
}

package struct SentinelSettings: Settings {
    @Setting("What the sentinels call the master.")
    package var master: String

    @Setting("Sentinels: host and port. They are asked in turn until one answers.")
    package var servers: [EndpointAddress]

    @Setting("User of the sentinels themselves.")
    package var username: String?

    @Setting("Password of the sentinels themselves.")
    package var password: SecretText?

    package init() {}
}

package struct RedisTLS: Settings {
    @Setting("Name to ask for (SNI) and to check. Left out: the server's host name or address.")
    package var serverName: ServerName?

    @Setting("PEM file of the authorities to trust. Left out: the system's.")
    package var authorities: ConfigurationFile?

    @Setting("PEM file of the certificate to show, with its chain. Needs `key`.")
    package var certificate: ConfigurationFile?

    @Setting("PEM file of the certificate's key, without a password.")
    package var key: ConfigurationFile?

    @Setting("False trusts every certificate: for trials only.")
    package var verify: Bool = true

    package init() {}
}
