package import Reactor

/// Bytes for an address.
package struct GossipDatagram: Equatable, Sendable {
    package let address: SocketAddress
    package let bytes: [UInt8]
}

/// What a part of another gateway has to say to the same part of this one.
package struct GossipPayload: Equatable, Sendable {
    package let sender: MemberID
    package let channel: UInt8
    package let bytes: [UInt8]
}

/// Datagrams, since the beginning.
package struct GossipCounters: Equatable, Sendable {
    package var sent: UInt64 = 0
    package var received: UInt64 = 0
    /// Ignored ones, by why.
    package var refused: [GossipRefusal: UInt64] = [:]
}
