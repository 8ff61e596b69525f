package import Reactor

/// A request of a policy's, or of work in the background, to a service that is no upstream: a key set, an introspection.
package struct Callout: Sendable {
    package var url: CalloutURL
    package var method = "GET"
    package var headers: [(name: String, value: String)] = []
    package var body: [UInt8] = []
    package var version = UpstreamVersion.http1
    package var connectTimeout: Nanoseconds = .seconds(1)
    /// For the whole exchange, waiting for a connection included.
    package var timeout: Nanoseconds = .seconds(5)
    /// A longer response body is an error.
    package var mostBytes = 1 << 20
    /// How a connection to an `https` URL is secured; nil: with the system's authorities.
    package var security: (any FetchSecurity)?
    /// Whether the service may see the request twice: once more on a new connection, when one that had served before dies without
    /// a byte of an answer. Nil: as the method says (RFC 9110 §9.2.2).
    package var isRepeatable: Bool?

    package init(_ url: CalloutURL) { self.url = url }
}

/// Makes callouts, over connections that it keeps.
package protocol CalloutClient: Sendable {
    /// Sends the request and gives the whole response, whatever its status. Ends early when the task is cancelled.
    ///
    /// - Parameter loop: where the connection lives: the exchange's own loop, so that nothing crosses loops. Nil: the loop for work
    ///   in the background.
    func send(_ callout: Callout, on loop: EventLoop?) async -> Result<FetchResponse, GatewayError>

    /// Reads what a configuration says of TLS, once for all the callouts that are made with it, at `version` each.
    func security(_ settings: CalloutTLS, version: UpstreamVersion) throws(CalloutTLSError) -> any FetchSecurity
}

extension CalloutClient {
    package func security(_ settings: CalloutTLS, version: UpstreamVersion) throws(CalloutTLSError) -> any FetchSecurity {
        throw CalloutTLSError("nothing speaks TLS here")
    }
}

/// Stands where there is no client, as when a configuration is only checked.
package struct NoCallouts: CalloutClient {
    package init() {}

    package func send(_ callout: Callout, on loop: EventLoop?) async -> Result<FetchResponse, GatewayError> {
        .failure(GatewayError(.upstreamConnectFailed, .gateway, "No callouts are made here."))
    }
}
