import Glibc
import Reactor

/// The two pipes of one connection, as the kernel would hold them.
final class MemoryLink {
    let handle: Int32
    let peerAddress: SocketAddress?
    /// Where the code under test has connected to.
    var dialled: SocketAddress?
    /// The connection of the code under test; kept alive until it closes, as an event loop's slot does.
    var connection: Connection?

    var isConnecting = false
    var connectsAt = Instant(nanoseconds: 0)
    var connectFailure: Int32?

    /// Taken from the gateway and not read by the peer yet; never more than `capacity`.
    var toPeer: [UInt8] = []
    var capacity: Int
    /// Calls of `send`.
    var sends = 0
    var isOutputEnded = false
    /// The gateway's next send fails.
    var isOutputBroken = false

    /// Sent by the peer and not read by the gateway yet.
    var toGateway: [UInt8] = []
    var hasPeerEnded = false
    var resetByPeer: Int32?

    /// Closed by the gateway.
    var isClosed = false
    var wasReset = false

    init(handle: Int32, capacity: Int, peer: SocketAddress?) {
        self.handle = handle
        self.capacity = capacity
        peerAddress = peer
    }

    var isWritable: Bool { isOutputBroken || toPeer.count < capacity }
    var hasInput: Bool { !toGateway.isEmpty || hasPeerEnded || resetByPeer != nil }

    /// Whether there is something to report now.
    func hasEvent(_ now: Instant) -> Bool {
        guard !isClosed, let connection else { return false }
        if isConnecting { return connectsAt <= now && connectsAt != .never }
        if connection.interest.contains(.write), isWritable { return true }
        if connection.interest.contains(.read) {
            return !toGateway.isEmpty || resetByPeer != nil || (hasPeerEnded && !connection.inputHasEnded)
        }
        return resetByPeer != nil && !connection.keepsUnreadInput
    }
}
