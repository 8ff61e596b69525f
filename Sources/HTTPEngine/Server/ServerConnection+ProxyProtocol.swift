import GatewayCore
import Primitives

extension ServerConnection {
    /// Takes the PROXY protocol header; nil while it is incomplete.
    ///
    /// A listener that expects the header accepts it from trusted peers only, where it names any.
    func proxyHeader(_ bytes: ByteView) -> Int? {
        guard isTrusted || server.info.trustedProxies.isEmpty else {
            return proxyFailed()
        }
        switch ProxyProtocol.parse(bytes) {
        case .incomplete: return nil
        case .failed: return proxyFailed()
        case .complete(let length, let source, let port):
            if let source {
                peer = source
                peerPort = port
                // What stands behind the proxy is a client like any other.
                isTrusted = server.trusts(source)
                guard server.count(connection, for: source) else {
                    shutDown(.clientBanned, reset: true)
                    return 0
                }
            }
            phase = .head
            return length
        }
    }

    private func proxyFailed() -> Int {
        server.counters.protocolErrors += 1
        server.failed(.badProxyProtocol, peer)
        shutDown(.badProxyProtocol)
        return 0
    }
}
