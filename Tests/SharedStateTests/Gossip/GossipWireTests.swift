import Primitives
import Reactor
import Testing

@testable import SharedState

@Suite struct GossipWireTests {
    private let address = SocketAddress.ip(IPAddress(v4: 0x7f00_0001), port: 7946)
    private let six = SocketAddress.ip(IPAddress(parsing: "fd00::7")!, port: 1)

    private func message(_ frames: [GossipFrame]) -> GossipMessage {
        GossipMessage(preferredKey: 5, sequence: 6, sentAt: 7, sender: MemberRecord(id: MemberID(8), address: address), frames: frames)
    }

    @Test func messagesComeBack() {
        let record = MemberRecord(id: MemberID(.max), address: six, incarnation: .max, status: .left, age: .max)
        let all: [GossipFrame] = [
            .ping(number: 1, target: nil, wantsMembers: true), .ping(number: 2, target: MemberID(3), wantsMembers: false), .ack(number: 4),
            .pingRequest(number: 5, target: MemberID(6), address: six), .members([record, record]), .members([]),
            .payload(channel: 7, bytes: [1, 2, 3]), .payload(channel: 8, bytes: []),
        ]
        #expect(GossipMessage(bytes: message(all).bytes) == message(all))
    }

    @Test func unknownFramesAreSkipped() {
        let bytes = message([.ack(number: 1)]).bytes + [200, 0, 2, 9, 9] + [2, 0, 4, 0, 0, 0, 3]
        #expect(GossipMessage(bytes: bytes)?.frames == [.ack(number: 1), .ack(number: 3)])
    }

    @Test func numbersOfVariableLength() {
        for number in [0, 1, 127, 128, 300, UInt64(UInt32.max), .max] {
            var out = WireWriter()
            out.put(variable: number)
            var reader = WireReader(out.bytes)
            #expect(reader.variable() == number)
            #expect(reader.isAtEnd)
        }
        var tooLong = WireReader([UInt8](repeating: 0xff, count: 10))
        #expect(tooLong.variable() == nil)
        var open = WireReader([0x80])
        #expect(open.variable() == nil)
    }

    /// Whatever a message is cut to or changed into, reading it ends in an answer.
    @Test func brokenMessagesAreNoneOrOthers() {
        let whole = message([.members([MemberRecord(id: MemberID(1), address: six)]), .pingRequest(number: 1, target: MemberID(2), address: address)])
            .bytes
        for length in 0..<whole.count { _ = GossipMessage(bytes: Array(whole.prefix(length))) }
        var random = SeededRandom(seed: 1)
        for _ in 0..<20_000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if let read = GossipMessage(bytes: bytes) { #expect(GossipMessage(bytes: read.bytes) == read) }
        }
        #expect(GossipMessage(bytes: whole.dropLast()) == nil)
    }

    // MARK: Sealed

    private func keys(_ text: String) throws -> GossipKeys { GossipKeys(try GossipKey(Array(text.utf8))) }

    private func node(_ id: UInt64, _ keys: GossipKeys) -> GossipNode {
        GossipNode(
            MemberID(id), at: .ip(IPAddress(v4: 0x0a00_0000 + UInt32(id)), port: 1), keys: keys, seeds: [.ip(IPAddress(v4: 0x0a00_0063), port: 1)],
            seed: id, now: Instant(nanoseconds: 1))
    }

    private let wall: UInt64 = 1_800_000_000_000_000_000
    private let now = Instant(nanoseconds: 1)

    private func datagram(_ sender: inout GossipNode) -> [UInt8] {
        sender.send([.ping(number: 1, target: nil, wantsMembers: false)], to: .ip(IPAddress(v4: 0x0a00_0002), port: 1), wall: wall)
        return sender.takeOutput()[0].bytes
    }

    @Test func aDatagramIsTakenOnce() throws {
        var one = node(1, try keys("one")), two = node(2, try keys("one"))
        let bytes = datagram(&one)
        two.receive(bytes, now: now, wall: wall)
        #expect(two.present.map(\.id) == [MemberID(1)])
        #expect(two.takeOutput().count == 1)
        two.receive(bytes, now: now, wall: wall)
        #expect(two.counters.refused == [.replayed: 1])
        #expect(two.takeOutput().isEmpty)
    }

    @Test func othersAreNotHeard() throws {
        var stranger = node(1, try keys("another")), two = node(2, try keys("one"))
        two.receive(datagram(&stranger), now: now, wall: wall)
        #expect(two.counters.refused == [.unknownKey: 1])
        #expect(two.present.isEmpty && two.takeOutput().isEmpty)
    }

    @Test func everyBitCounts() throws {
        var one = node(1, try keys("one")), two = node(2, try keys("one"))
        let bytes = datagram(&one)
        for bit in 0..<bytes.count * 8 {
            var changed = bytes
            changed[bit / 8] ^= 1 << (bit % 8)
            two.receive(changed, now: now, wall: wall)
        }
        #expect(two.present.isEmpty && two.takeOutput().isEmpty)
        #expect(two.counters.received == 0)
        #expect(two.counters.refused.values.reduce(0, +) == UInt64(bytes.count * 8))
        #expect(two.counters.refused[.forged, default: 0] > 0 && two.counters.refused[.version] == 8 && two.counters.refused[.unknownKey] == 32)
    }

    @Test func garbageIsCounted() throws {
        var two = node(2, try keys("one"))
        var random = SeededRandom(seed: 3)
        for length in 0..<1300 {
            var bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            if length > 0, length % 2 == 0 { bytes[0] = GossipSeal.version }
            two.receive(bytes, now: now, wall: wall)
        }
        #expect(two.counters.refused.values.reduce(0, +) == 1300)
        #expect(two.takeOutput().isEmpty)
    }

    @Test(arguments: [(59_000, true), (61_000, false), (-59_000, true), (-61_000, false)])
    func clocksMayDifferALittle(_ milliseconds: Int, _ isTaken: Bool) throws {
        var one = node(1, try keys("one")), two = node(2, try keys("one"))
        two.receive(datagram(&one), now: now, wall: UInt64(Int(wall) + milliseconds * 1_000_000))
        #expect(two.present.isEmpty != isTaken)
        #expect(two.counters.refused == (isTaken ? [:] : [.skewed: 1]))
    }

    @Test func keysTellNothing() throws {
        let key = try GossipKey(Array("quiet-heron-5528".utf8))
        #expect("\(key)" == "gossip key")
        #expect(Mirror(reflecting: key).children.isEmpty)
    }

    @Test func windowOfReplays() {
        var window = ReplayWindow()
        #expect(window.take(0) == false)
        var taken: Set<UInt64> = []
        var random = SeededRandom(seed: 4)
        var latest: UInt64 = 0
        for _ in 0..<50_000 {
            let jump =
                Int.random(in: 0..<1000, using: &random) == 0 ? UInt64.random(in: 0...9000, using: &random) : UInt64.random(in: 0...6, using: &random)
            let back = UInt64.random(in: 0...40, using: &random) == 0 ? UInt64.random(in: 0...5000, using: &random) : 0
            let sequence = max(1, latest + jump - min(latest + jump, back))
            let isNew = !taken.contains(sequence) && (sequence > latest || latest - sequence < 4032)
            #expect(window.take(sequence) == isNew)
            taken.insert(sequence)
            latest = max(latest, sequence)
        }
    }
}
