import GatewayCore
package import Reactor

/// What a listener asks of its connections.
package struct ServerSettings: Sendable, Equatable {
    package var head = HeadLimits()
    /// Most connections at a time on one loop.
    package var connections = 20_000
    /// Longest time from the first byte of a request to the end of its head.
    package var headerTimeout: Nanoseconds = .seconds(10)
    /// Longest time between two requests.
    package var idleTimeout: Nanoseconds = .seconds(75)
    /// Longest time in which a body, in either direction, makes no progress.
    package var progressTimeout: Nanoseconds = .seconds(60)
    /// Most requests on one connection; 0 for any number.
    package var requestsPerConnection = 0
    /// Most streams at a time on one HTTP/2 connection.
    package var streams = 100
    /// What clients may speak on connections without TLS.
    package var served = ServedProtocol.http1
    /// Every connection begins with a PROXY protocol header.
    package var proxyProtocol = false

    /// The value of Strict-Transport-Security in responses that have none (RFC 6797 §6.1).
    package var transportSecurity: String?
    /// Longest time from a connection to the end of its TLS handshake.
    package var handshakeTimeout: Nanoseconds = .seconds(10)
    /// Most TLS handshakes at a time on one loop.
    package var handshakes = 10_000

    package init() {}
}

/// The versions of HTTP that a connection may begin with.
package enum ServedProtocol: Sendable {
    case http1, http2
    /// The client's first bytes tell (RFC 9113 §3.3).
    case detect
}

/// What one listener has carried on one loop.
package struct ServerCounters: Sendable {
    package var accepted: UInt64 = 0
    package var open = 0
    package var refused: UInt64 = 0
    /// Idle connections that were closed to make room for others.
    package var reclaimed: UInt64 = 0
    package var requests: UInt64 = 0
    package var protocolErrors: UInt64 = 0
    package var timeouts: UInt64 = 0
    /// TLS handshakes that were completed, that failed, and that took too long.
    package var handshakes: UInt64 = 0
    package var handshakeFailures: UInt64 = 0
    package var handshakeTimeouts: UInt64 = 0
    /// HTTP/2 connections that were closed because their client sent too much of what costs it little.
    package var floods: UInt64 = 0
    package init() {}
}
