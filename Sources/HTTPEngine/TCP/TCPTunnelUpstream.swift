import Primitives
import Reactor

/// Tells a tunnel what happens on its endpoint's side.
final class TCPTunnelUpstream: ConnectionHandler {
    private let tunnel: TCPTunnel

    init(_ tunnel: TCPTunnel) { self.tunnel = tunnel }

    func connected() { tunnel.upstreamConnected() }
    func received(_ bytes: ByteView) { tunnel.upstreamReceived(bytes) }
    func drained() { tunnel.upstreamDrained() }
    func inputEnded() { tunnel.upstreamEnded() }
    func lost(_ error: SystemError) { tunnel.upstreamLost() }
    func deadlineReached() { tunnel.upstreamDeadlineReached() }
}
