/// Where a connection with TLS leads to.
package struct TLSEndpoint: Sendable, Equatable {
    package let context: TLSClientContext
    package let host: TLSHost

    package init(_ context: TLSClientContext, host: TLSHost) {
        self.context = context
        self.host = host
    }

    /// A stream for a new connection, and who has to be at its other end. Nil when memory is short.
    package func stream(sessions: TLSSessions?) -> (TLSStream, TLSPeer)? { context.stream(to: host, sessions: sessions) }
}
