package import Reactor

/// How the gossip of a gateway is, for status and metrics.
package struct GossipReport: Sendable {
    package struct Member: Sendable {
        package let id: MemberID
        package let address: SocketAddress
        package let status: MemberStatus
        /// Since anything of it arrived here; nil: nothing has yet.
        package let silence: Nanoseconds?
    }

    package let id: MemberID
    package let address: SocketAddress
    /// Others, in the order of their addresses.
    package let members: [Member]
    package let datagrams: GossipCounters
    package let reconciliation: ReconciliationReport
}

/// How far gateways know what the others have spent.
package struct ReconciliationReport: Equatable, Sendable {
    /// Gateways that share limits, this one included, and those that have vanished and are still counted.
    package var present = 1
    package var missing = 0
    /// Keys that are told of now.
    package var keys = 0
    package var sent: UInt64 = 0
    package var received: UInt64 = 0
    package var refused: UInt64 = 0
    package var postponed: UInt64 = 0
}

extension ReconciliationReport {
    init(_ reconciler: Reconciler, _ group: SyncGroup) {
        let counters = reconciler.counters
        self.init(
            present: group.present, missing: group.missing, keys: reconciler.subjects.count, sent: counters.sent, received: counters.received,
            refused: counters.refused, postponed: counters.postponed)
    }
}
