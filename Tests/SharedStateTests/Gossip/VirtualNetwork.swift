import Primitives
import Reactor
import Testing

@testable import SharedState

/// Gateways that gossip over a network of memory: datagrams are lost, late and doubled as a seed says, and time is the test's.
struct VirtualNetwork {
    /// What the network does to datagrams.
    struct Weather {
        /// Of 100 datagrams.
        var lost = 0
        var doubled = 0
        /// Milliseconds.
        var delay = 1...10
    }

    private(set) var nodes: [GossipNode] = []
    var weather = Weather()
    /// Nodes of different numbers do not hear each other.
    var side: [Int] = []
    /// Nodes that neither send nor receive.
    var isDown: Set<Int> = []
    private(set) var payloads: [[GossipPayload]] = []
    /// Milliseconds since the start.
    private(set) var time = 0
    private var random: SeededRandom
    private var flying: [Int: [GossipDatagram]] = [:]
    private var origins: [Int: [Int]] = [:]
    private var deadlines: [Instant] = []
    private let key: GossipKeys

    static let epoch: UInt64 = 1_800_000_000_000_000_000

    init(seed: UInt64) throws {
        random = SeededRandom(seed: seed)
        key = GossipKeys(try GossipKey(Array("a key that all of the gateways have".utf8)))
    }

    var now: Instant { Instant(nanoseconds: 1_000_000_000 + UInt64(time) * 1_000_000) }
    var wall: UInt64 { VirtualNetwork.epoch + UInt64(time) * 1_000_000 }

    static func address(_ index: Int) -> SocketAddress { .ip(IPAddress(v4: 0x0a00_0000 + UInt32(index)), port: 7946) }

    /// Starts a node; it knows the address of the first.
    mutating func start(keys: GossipKeys? = nil, at place: Int? = nil, timing: GossipTiming = GossipTiming()) {
        let index = nodes.count
        nodes.append(
            GossipNode(
                MemberID(random.next() | 1), at: VirtualNetwork.address(place ?? index), keys: keys ?? key, seeds: [VirtualNetwork.address(0)],
                timing: timing, seed: random.next(), now: now))
        side.append(0)
        payloads.append([])
        deadlines.append(now)
    }

    mutating func change(_ index: Int, _ body: (inout GossipNode) -> Void) {
        body(&nodes[index])
        collect(index)
    }

    /// Lets time pass.
    mutating func run(milliseconds: Int) {
        for _ in 0..<milliseconds {
            time += 1
            deliver()
            for index in nodes.indices where deadlines[index] <= now && !isDown.contains(index) {
                nodes[index].advance(now: now, wall: wall)
                collect(index)
            }
        }
    }

    /// Lets time pass until something holds, which it must within so long.
    mutating func wait(milliseconds: Int, sourceLocation: SourceLocation = #_sourceLocation, _ condition: (VirtualNetwork) -> Bool) {
        for _ in 0..<milliseconds / 50 {
            if condition(self) { return }
            run(milliseconds: 50)
        }
        #expect(condition(self), sourceLocation: sourceLocation)
    }

    /// Whether all of `indices` know each other, and nobody else is present for them.
    func agree(_ indices: some Sequence<Int>) -> Bool {
        let ids = Set(indices.map { nodes[$0].id })
        return indices.allSatisfy {
            Set(nodes[$0].present.filter { $0.status == .alive }.map(\.id)).union([nodes[$0].id]) == ids && nodes[$0].present.count == ids.count - 1
        }
    }

    mutating func inject(_ bytes: [UInt8], to index: Int) { change(index) { [now, wall] in $0.receive(bytes, now: now, wall: wall) } }

    /// Datagrams that are on their way to a node.
    func flying(to index: Int) -> [[UInt8]] { flying.values.joined().filter { $0.address == nodes[index].me.address }.map(\.bytes) }

    private mutating func deliver() {
        guard let datagrams = flying.removeValue(forKey: time), let from = origins.removeValue(forKey: time) else { return }
        for (datagram, origin) in zip(datagrams, from) {
            for index in nodes.indices where nodes[index].me.address == datagram.address && side[index] == side[origin] && !isDown.contains(index) {
                nodes[index].receive(datagram.bytes, now: now, wall: wall)
                collect(index)
            }
        }
    }

    private mutating func collect(_ index: Int) {
        payloads[index] += nodes[index].takeInput()
        for datagram in nodes[index].takeOutput() where !isDown.contains(index) {
            precondition(datagram.bytes.count <= GossipNode.longestDatagram)
            let copies =
                Int.random(in: 0..<100, using: &random) < weather.lost ? 0 : Int.random(in: 0..<100, using: &random) < weather.doubled ? 2 : 1
            for _ in 0..<copies {
                let arrival = time + Int.random(in: weather.delay, using: &random)
                flying[arrival, default: []].append(datagram)
                origins[arrival, default: []].append(index)
            }
        }
        deadlines[index] = nodes[index].deadline
    }
}
