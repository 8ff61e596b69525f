internal import GatewayCore
package import Reactor

/// A gateway among gateways that tell each other who is there, and what they have to share: datagrams and time go in, datagrams come out.
///
/// Membership is that of SWIM: everybody asks one other member a period for a sign of life, has others try when there is none, and
/// suspects it before it is dead; news travels on these datagrams. Nothing here waits, and equal input gives equal output but for nonces.
package struct GossipNode {
    /// Longer datagrams might be cut into pieces on their way (RFC 8085 §3.2, for paths of IPv6).
    package static let longestDatagram = 1200
    /// Bytes of a payload that a datagram has room for.
    package static let payloadCapacity = longestDatagram - GossipSeal.overhead - GossipMessage.overhead - GossipFrame.overhead - 1
    /// Records of members that are in no news, in each datagram that has room.
    static let fillers = 16

    /// What is known of somebody from whom datagrams have come.
    struct Link {
        var window = ReplayWindow()
        var heard: Instant
        /// The key that its last datagram was sealed with, and the one that it would rather use.
        var key: UInt32
        var preferredKey: UInt32
    }

    struct Probe {
        let target: MemberID
        let number: UInt32
        /// When others are asked to try; nil when they were.
        var helpAt: Instant?
        var isAnswered = false
    }

    /// A ping on behalf of somebody.
    struct Relay {
        let requester: MemberRecord
        let number: UInt32
        let until: Instant
    }

    let timing: GossipTiming
    var seeds: [SocketAddress]
    var seal: GossipSeal
    var table: MemberTable
    var links: [MemberID: Link] = [:]
    var probe: Probe?
    var order: [MemberID] = []
    var relays: [UInt32: Relay] = [:]
    var nextProbe: Instant
    var nextRetry: Instant
    var sequence: UInt64 = 0
    var number: UInt32
    var random: FastRandom
    var output: [GossipDatagram] = []
    var input: [GossipPayload] = []
    package internal(set) var counters = GossipCounters()

    /// - Parameters:
    ///   - address: where others reach this gateway.
    ///   - seeds: where others may be found; this gateway's own address among them does no harm.
    ///   - seed: of every choice by chance.
    package init(
        _ id: MemberID, at address: SocketAddress, keys: GossipKeys, seeds: [SocketAddress], timing: GossipTiming = GossipTiming(), seed: UInt64,
        now: Instant
    ) {
        self.timing = timing
        self.seeds = seeds.filter { $0 != address }
        seal = GossipSeal(id, keys)
        table = MemberTable(MemberRecord(id: id, address: address), timing)
        random = FastRandom(seed: seed)
        number = UInt32.random(in: .min ... .max, using: &random)
        // Gateways that start at the same moment do not ask at the same moment.
        nextProbe = now + UInt64.random(in: 0..<timing.period, using: &random)
        nextRetry = now
    }

    package var me: MemberRecord { table.me }
    package var id: MemberID { table.me.id }
    /// Others who take part.
    package var present: [MemberRecord] { table.present }
    /// Others who have vanished without a word.
    package var missing: [MemberRecord] { table.missing }
    /// Everybody else who is remembered.
    package var others: [MemberRecord] { table.others.values.map(\.record).sorted { $0.id < $1.id } }
    /// Changes with who is present or missing.
    package var version: Int { table.version }
    /// Whether anybody has been heard of yet, or is to be expected.
    package var isAlone: Bool { seeds.isEmpty && table.others.isEmpty }

    package func heard(_ id: MemberID) -> Instant? { links[id]?.heard }

    /// What is to be sent, since the last call.
    package mutating func takeOutput() -> [GossipDatagram] {
        defer { output = [] }
        return output
    }

    /// What parts of other gateways have said, since the last call.
    package mutating func takeInput() -> [GossipPayload] {
        defer { input = [] }
        return input
    }

    /// Other keys or seeds, from now on.
    package mutating func update(keys: GossipKeys, seeds: [SocketAddress], now: Instant) {
        seal.keys = keys
        self.seeds = seeds.filter { $0 != table.me.address }
        nextRetry = min(nextRetry, now)
    }

    /// Says goodbye. Nothing is to be done afterwards but to send what there is to send.
    package mutating func leave(wall: UInt64) {
        table.leave()
        for member in table.present { send([], to: member, wall: wall) }
    }

    /// Sends bytes, `payloadCapacity` at most, to a part of another gateway. They may get lost, or come twice.
    package mutating func send(_ bytes: [UInt8], channel: UInt8, to id: MemberID, wall: UInt64) {
        guard bytes.count <= GossipNode.payloadCapacity, let member = table.record(id), member.status.isPresent else { return }
        send([.payload(channel: channel, bytes: bytes)], to: member, wall: wall, fillers: 0)
    }
}
