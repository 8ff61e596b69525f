import GatewayCore
import HTTPEngine
import Reactor
import Schema
import SharedState
import Synchronization

/// A listening socket that another process is to take over.
package struct ListeningSocket: Equatable, Sendable {
    package let handle: Int32
    /// The listener's; empty where the address that the socket is bound to says enough.
    package let name: String

    package init(handle: Int32, name: String) {
        self.handle = handle
        self.name = name
    }
}

/// Handing the listeners over to another process, which serves the same addresses from then on.
extension Gateway {
    /// Every socket on which the gateway accepts, in the order of the loops, and that of the admin address. They stay the
    /// gateway's own.
    package var listeningSockets: [ListeningSocket] {
        let found = Mutex<[Int: [ListeningSocket]]>([:])
        onEveryLoop { worker in
            let http = worker.servers.map { ListeningSocket.all(of: $1, configured: $0) }
            let tcp = worker.tcpServers.map { ListeningSocket.all(of: $1, configured: $0) }
            found.withLock { $0[worker.loop.index] = (http + tcp).flatMap(\.self) }
        }
        let admin = state.withLock { $0.admin }
        onControl { [loops] in
            let handles = admin?.server?.listeningHandles ?? []
            found.withLock { $0[loops] = handles.map { ListeningSocket(handle: $0, name: "") } }
        }
        return found.withLock { found in (0...loops).flatMap { found[$0] ?? [] } }
    }

    /// Leaves the addresses that one process at a time can have, so that a successor can start.
    package func standAside() {
        let service = gossip.service
        gossip.service = nil
        if let service { onControl { service.stop() } }
    }

    /// There will be no successor: takes back what `standAside` has left. The answer says what could not be.
    package func stepBack() -> String? {
        do throws(ApplyError) {
            try applyGossip(snapshot.configuration)
            return nil
        } catch {
            return error.diagnostic.description
        }
    }

    /// A successor accepts: the admin address is left to it. To be followed by `drain`.
    package func leaveAdmin() {
        let admin = state.withLock { $0.admin }
        onControl { admin?.server?.drain(grace: .seconds(1)) }
    }
}

extension ListeningSocket {
    /// A socket of the service manager may be bound elsewhere than where the configuration says: its name finds the listener.
    fileprivate static func all(of server: some ListeningServer, configured: SocketAddress) -> [ListeningSocket] {
        server.listeningHandles.map {
            ListeningSocket(handle: $0, name: Socket.localAddress($0) == configured ? "" : server.info.name)
        }
    }
}
