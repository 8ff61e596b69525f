import Reactor
import Testing

@testable import SharedState

/// Whole groups of gateways, on networks that lose, delay and double.
@Suite struct GossipSimulationTests {
    @Test(arguments: [(20, 1), (20, 2), (20, 3), (100, 4)])
    func everybodyFindsEverybody(_ count: Int, _ seed: UInt64) throws {
        var network = try VirtualNetwork(seed: seed)
        network.weather = .init(lost: 5, doubled: 5, delay: 1...60)
        for _ in 0..<count { network.start() }
        network.wait(milliseconds: 30_000) { $0.agree(0..<count) }
    }

    @Test(arguments: [(20, 11), (100, 12)])
    func theDeadAreFound(_ count: Int, _ seed: UInt64) throws {
        var network = try VirtualNetwork(seed: seed)
        network.weather = .init(lost: 5, doubled: 5, delay: 1...60)
        for _ in 0..<count { network.start() }
        network.wait(milliseconds: 30_000) { $0.agree(0..<count) }
        network.isDown = [3, 7]
        let living = (0..<count).filter { $0 != 3 && $0 != 7 }
        network.wait(milliseconds: 60_000) { $0.agree(living) }
        for index in living { #expect(network.nodes[index].missing.count == 2) }
    }

    @Test func aPartitionHeals() throws {
        var network = try VirtualNetwork(seed: 21)
        network.weather = .init(lost: 2, doubled: 2, delay: 1...20)
        for _ in 0..<20 { network.start() }
        network.wait(milliseconds: 30_000) { $0.agree(0..<20) }
        for index in 0..<8 { network.side[index] = 1 }
        network.wait(milliseconds: 60_000) { $0.agree(0..<8) && $0.agree(8..<20) }
        #expect(network.nodes[0].missing.count == 12)
        #expect(network.nodes[19].missing.count == 8)
        network.side = network.side.map { _ in 0 }
        network.wait(milliseconds: 60_000) { $0.agree(0..<20) }
        #expect(network.nodes.allSatisfy { $0.missing.isEmpty })
    }

    /// Whoever is slow for a moment is suspected by some, and stays.
    @Test func aSuspectContradicts() throws {
        var network = try VirtualNetwork(seed: 31)
        for _ in 0..<5 { network.start() }
        network.wait(milliseconds: 10_000) { $0.agree(0..<5) }
        network.isDown = [2]
        let id = network.nodes[2].id
        network.wait(milliseconds: 15_000) { $0.nodes[0].present.contains { $0.id == id && $0.status == .suspect } }
        network.isDown = []
        network.wait(milliseconds: 15_000) { $0.agree(0..<5) }
        #expect(network.nodes[2].me.incarnation > 0)
        #expect(network.nodes.allSatisfy { $0.missing.isEmpty })
    }

    @Test func whoLeavesIsNotMissed() throws {
        var network = try VirtualNetwork(seed: 41)
        for _ in 0..<6 { network.start() }
        network.wait(milliseconds: 10_000) { $0.agree(0..<6) }
        let wall = network.wall
        network.change(5) { $0.leave(wall: wall) }
        network.run(milliseconds: 100)
        network.isDown = [5]
        #expect(network.agree(0..<5))
        #expect(network.nodes[0].missing.isEmpty)
        network.run(milliseconds: 120_000)
        #expect(network.nodes[0].others.count == 4)
    }

    /// A process that starts again at the same address takes the place of the one before at once, even if that one crashed.
    @Test func aRestartIsAnotherMember() throws {
        var network = try VirtualNetwork(seed: 51)
        for _ in 0..<6 { network.start() }
        network.wait(milliseconds: 10_000) { $0.agree(0..<6) }
        network.isDown = [5]
        network.start(at: 5)
        network.wait(milliseconds: 8_000) { $0.agree([0, 1, 2, 3, 4, 6]) }
        #expect(network.nodes[0].missing.isEmpty)
    }

    @Test func theDeadAreForgotten() throws {
        var timing = GossipTiming()
        timing.missing = .seconds(30)
        var network = try VirtualNetwork(seed: 61)
        for _ in 0..<6 { network.start(timing: timing) }
        network.wait(milliseconds: 10_000) { $0.agree(0..<6) }
        network.isDown = [5]
        network.wait(milliseconds: 30_000) { $0.nodes[0].missing.count == 1 }
        network.run(milliseconds: 60_000)
        for index in 0..<5 { #expect(network.nodes[index].others.count == 4) }
    }

    @Test func payloadsArrive() throws {
        var network = try VirtualNetwork(seed: 71)
        for _ in 0..<3 { network.start() }
        network.wait(milliseconds: 10_000) { $0.agree(0..<3) }
        let bytes = [UInt8](repeating: 7, count: GossipNode.payloadCapacity), wall = network.wall, target = network.nodes[2].id
        network.change(1) {
            $0.send(bytes, channel: 9, to: target, wall: wall)
            $0.send(bytes + [1], channel: 9, to: target, wall: wall)
        }
        network.run(milliseconds: 50)
        #expect(network.payloads[2] == [GossipPayload(sender: network.nodes[1].id, channel: 9, bytes: bytes)])
        #expect(network.payloads[0].isEmpty)
    }

    /// The same seed gives the same history.
    @Test func historiesRepeat() throws {
        func history() throws -> [[MemberRecord]] {
            var network = try VirtualNetwork(seed: 81)
            network.weather = .init(lost: 20, doubled: 10, delay: 1...200)
            for _ in 0..<12 { network.start() }
            network.run(milliseconds: 7_000)
            return network.nodes.map(\.others)
        }
        #expect(try history() == history())
    }

    /// Two keys, changed one gateway after the other: nobody is lost meanwhile.
    @Test func keysChangeOneByOne() throws {
        let old = try GossipKey(Array("the key from before, long enough".utf8)), new = try GossipKey(Array("the key from now on, long enough".utf8))
        var network = try VirtualNetwork(seed: 91)
        for _ in 0..<5 { network.start(keys: GossipKeys(old)) }
        network.wait(milliseconds: 10_000) { $0.agree(0..<5) }
        func change(to keys: GossipKeys) {
            for index in 0..<5 {
                let now = network.now
                network.change(index) { $0.update(keys: keys, seeds: [VirtualNetwork.address(0)], now: now) }
                for _ in 0..<20 {
                    network.run(milliseconds: 500)
                    #expect(network.agree(0..<5))
                }
            }
        }
        change(to: GossipKeys(new, previous: old))
        network.start(keys: GossipKeys(old))
        network.wait(milliseconds: 10_000) { $0.agree(0..<6) }
        network.isDown = [5]
        network.wait(milliseconds: 30_000) { $0.agree(0..<5) }
        change(to: GossipKeys(new))
        #expect(network.nodes.prefix(5).allSatisfy { $0.counters.refused.isEmpty })
    }
}
