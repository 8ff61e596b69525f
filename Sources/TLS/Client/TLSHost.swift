package import Primitives
package import Reactor

/// What an endpoint is called.
package enum TLSHost: Hashable, Sendable {
    case name(String)
    case address(IPAddress)
    /// A socket in the file system.
    case unnamed

    /// - Parameter endpoint: `host:port` as it is configured.
    package init(_ endpoint: String, at address: SocketAddress) {
        let host = endpoint.lastIndex(of: ":").map { String(endpoint[..<$0]) } ?? endpoint
        switch address {
        case .unix: self = .unnamed
        case .ip(let ip, _): self = HostName.isValid(host) ? .name(host) : .address(ip)
        }
    }
}
