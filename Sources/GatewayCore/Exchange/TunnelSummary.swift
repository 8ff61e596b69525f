package import Primitives
package import Reactor

/// What a connection of a TCP listener has carried, when it is over.
package struct TunnelSummary {
    package var listener: String
    package var client: IPAddress
    package var started: Instant
    /// From the client, and to it.
    package var bytes: (received: Int, sent: Int)
    /// The name that the client asked for, where that decides; empty otherwise.
    package var serverName: String
    package var upstream: String
    package var endpoint: String
    /// Endpoints that were tried.
    package var attempts: Int
    /// Why it did not end by itself.
    package var reason: Reason?

    package init(
        listener: String, client: IPAddress, started: Instant, bytes: (received: Int, sent: Int), serverName: String, upstream: String,
        endpoint: String, attempts: Int, reason: Reason?
    ) {
        self.listener = listener
        self.client = client
        self.started = started
        self.bytes = bytes
        self.serverName = serverName
        self.upstream = upstream
        self.endpoint = endpoint
        self.attempts = attempts
        self.reason = reason
    }
}
