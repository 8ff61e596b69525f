import Certificates
import GatewayCore
import HTTPEngine
import Model
import Primitives
import Reactor
import Routing
import SharedState
import Telemetry
import Upstreams

/// One event loop of the data plane: its view of the snapshot, its listeners, its pools, its counters.
///
/// Confined to its loop; other threads reach it with `loop.post`.
final class Worker: @unchecked Sendable {
    let loop: EventLoop
    let pool: ExchangePool
    var view: SnapshotView
    /// By the address of the listener.
    var servers: [SocketAddress: HTTPServer] = [:]
    var tcpServers: [SocketAddress: TCPServer] = [:]
    /// Listeners that left the configuration and still have connections.
    var retiring: [any ListeningServer] = []
    /// Lanes that left the configuration and still carry exchanges.
    var retiredLanes: [UpstreamLane] = []
    /// Requests that no route took, or that were refused before routing.
    let unrouted = RouteStats()
    var accessLog: AccessLogLane?
    var accessLogWriter: AccessLogWriter?
    var draining: (() -> Void)?
    var tunnels = OpenTunnels()
    let delayed: DelayedExchanges
    /// Nil where no request is refused for the gateway's own sake.
    var overload: OverloadController?
    /// Nil: clients may do what they want.
    var guards: GuardLane?
    /// How many bans had begun when their connections were last closed, and when to look again.
    var seenBans: UInt64 = 0
    var nextSweep = Instant(nanoseconds: 0)
    /// Answers authorities; nil while no certificate is had from one.
    var certificates: CertificateService?

    var captures = RouteCaptures()
    var random = FastRandom()
    let scratch = ByteBuffer(capacity: 1024)

    init(loop: EventLoop, view: SnapshotView) {
        self.loop = loop
        self.view = view
        pool = ExchangePool(loop: loop)
        delayed = DelayedExchanges(loop)
        loop.turnEnded = { [unowned self] in turnEnded() }
    }

    private func turnEnded() {
        accessLog?.flush()
        noteTurn()
        closeBanned()
        if let draining, isQuiet {
            self.draining = nil
            draining()
        }
    }

    /// No connection is open any more, and every last byte has been taken.
    private var isQuiet: Bool {
        loop.lingering == 0 && servers.values.allSatisfy { $0.openConnections == 0 }
            && tcpServers.values.allSatisfy { $0.openConnections == 0 } && retiring.allSatisfy { $0.openConnections == 0 }
    }

    /// Every listener that has connections or may get some.
    var everyServer: [any ListeningServer] { Array(servers.values) + Array(tcpServers.values) + retiring }

    /// Begins to end: `done` is called when the last connection is closed.
    func drain(grace: Nanoseconds, done: @escaping () -> Void) {
        draining = done
        for server in everyServer { server.drain(grace: grace) }
        tunnels.forEach { $0.goAway(1001) }
    }

    func closeAll() {
        for server in everyServer { server.closeAll() }
    }
}
