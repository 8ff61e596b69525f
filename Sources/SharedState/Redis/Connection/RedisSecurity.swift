package import TLS

/// What all connections with TLS of one configuration have in common: files are read when it is made.
package final class RedisSecurity: Sendable {
    private let context: TLSClientContext

    package init(_ settings: TLSClientSettings) throws(TLSError) { context = try TLSClientContext(settings) }

    func stream(to server: RedisServer, sessions: TLSSessions) -> (TLSStream, TLSPeer)? {
        TLSEndpoint(context, host: server.tlsHost).stream(sessions: sessions)
    }
}
