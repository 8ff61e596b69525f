import Primitives
package import Reactor
package import TLS

/// Which servers there are, and how they are spoken to, before any file has been read or name resolved.
package struct RedisClientSettings: Sendable, Equatable {
    package var servers: RedisServers
    /// Nil: the server's default user.
    package var username: String?
    package var password: String?
    package var database = 0
    /// What the server's list of clients calls the connections.
    package var name = "sluice"
    /// Nil for plain text.
    package var tls: TLSClientSettings?
    /// Asks for RESP3, and does with RESP2 where the server has nothing else. False: RESP2 at once.
    package var asksForRESP3 = true
    /// For a connection to be ready: TCP, TLS, authentication.
    package var connectTimeout: Nanoseconds = .seconds(1)
    /// For the answer to a command, waiting for a connection included.
    package var timeout: Nanoseconds = .milliseconds(50)
    /// Commands of one connection that wait or are under way, and their bytes; what is more is refused at once.
    package var mostWaiting = 4096
    package var mostWaitingBytes = 16 << 20
    /// Stands before every key.
    package var keyPrefix = ""

    package init(_ servers: RedisServers) { self.servers = servers }
}

package enum RedisServers: Sendable, Equatable {
    case single(RedisServer)
    case sentinel(RedisSentinelSettings)
    /// Any of the nodes; the others are asked for.
    case cluster([RedisServer])
}

/// Where to ask which server is the master.
package struct RedisSentinelSettings: Sendable, Equatable {
    /// What the sentinels call the set.
    package var master: String
    package var servers: [RedisServer]
    /// Of the sentinels themselves, which need not be the servers'.
    package var username: String?
    package var password: String?

    package init(master: String, servers: [RedisServer]) {
        self.master = master
        self.servers = servers
    }
}

/// One server, as it is named.
package enum RedisServer: Sendable, Hashable, CustomStringConvertible {
    case address(SocketAddress)
    case name(String, port: UInt16)

    /// - Parameter host: an address or a name.
    package init(host: String, port: UInt16) {
        self = IPAddress(parsing: host).map { .address(.ip($0, port: port)) } ?? .name(host.lowercased(), port: port)
    }

    package var description: String {
        switch self {
        case .address(let address): address.description
        case .name(let name, let port): "\(name):\(port)"
        }
    }

    /// Without the port; nil for a socket in the file system.
    var host: String? {
        switch self {
        case .address(let address): address.ip.map { "\($0)" }
        case .name(let name, _): name
        }
    }

    var tlsHost: TLSHost {
        switch self {
        case .address(.ip(let ip, _)): .address(ip)
        case .address(.unix): .unnamed
        case .name(let name, _): .name(name)
        }
    }
}
