import Primitives
import Testing

@testable import Upstreams

@Suite struct ResolutionDNSReplyTests {
    private let name = DNSName("a.test")!

    /// A reply to `a.test`, A, id 7: header, question, then these bytes as `count` answers.
    private func message(_ answers: [UInt8], count: UInt8, flags: (UInt8, UInt8) = (0x81, 0x80)) -> [UInt8] {
        [0, 7, flags.0, flags.1, 0, 1, 0, count, 0, 0, 0, 0] + name.bytes + [0, 1, 0, 1] + answers
    }

    private func parse(_ bytes: [UInt8], _ type: DNSMessage.RecordType = .a, id: UInt16 = 7) -> DNSReply? {
        bytes.withView { DNSReply.parse($0, name, type, id: id) }
    }

    private func v4(_ last: UInt32) -> IPAddress { IPAddress(v4: 0x0a00_0000 | last) }

    @Test func readsAddresses() {
        let records = ScriptedNameServer.a((10, 0, 0, 1), ttl: 60) + ScriptedNameServer.a((10, 0, 0, 2), ttl: 30)
        #expect(parse(message(records, count: 2)) == .addresses([v4(1), v4(2)], timeToLive: 30))
    }

    @Test func followsAliasesInAnyOrderWithTheShortestTimeToLive() {
        let target = DNSName("b.test")!.bytes, last = DNSName("c.test")!.bytes
        let records =
            ScriptedNameServer.record(last, 1, 300, [10, 0, 0, 9]) + ScriptedNameServer.record(target, 5, 5, last)
            + ScriptedNameServer.record([0xc0, 12], 5, 100, target)
        #expect(parse(message(records, count: 3)) == .addresses([v4(9)], timeToLive: 5))
    }

    @Test func aliasesInACircleEnd() {
        let other = DNSName("b.test")!.bytes
        let records = ScriptedNameServer.record([0xc0, 12], 5, 9, other) + ScriptedNameServer.record(other, 5, 9, [0xc0, 12])
        #expect(parse(message(records, count: 2)) == .addresses([], timeToLive: 0))
    }

    @Test func ignoresAddressesOfOtherNames() {
        let records = ScriptedNameServer.record(DNSName("evil.test")!.bytes, 1, 9, [6, 6, 6, 6])
        #expect(parse(message(records, count: 1)) == .addresses([], timeToLive: 0))
    }

    @Test func skipsOtherTypesAndClasses() {
        var chaos = ScriptedNameServer.a((6, 6, 6, 6), ttl: 1)
        chaos[5] = 3
        let records = ScriptedNameServer.record([0xc0, 12], 16, 9, [3, 65, 66, 67]) + chaos + ScriptedNameServer.a((10, 0, 0, 3), ttl: 2)
        #expect(parse(message(records, count: 3)) == .addresses([v4(3)], timeToLive: 2))
    }

    @Test func timeToLiveWithTheHighestBitIsZero() {
        #expect(parse(message(ScriptedNameServer.a((10, 0, 0, 1), ttl: 1 << 31), count: 1)) == .addresses([v4(1)], timeToLive: 0))
    }

    private func srv(_ priority: UInt8, _ weight: UInt8, _ port: UInt16, _ host: String) -> [UInt8] {
        [0, priority, 0, weight, UInt8(port >> 8), UInt8(port & 0xff)] + (DNSName(host)?.bytes ?? [0])
    }

    private func services(_ data: [[UInt8]], _ answers: Int? = nil) -> DNSReply? {
        let question = [0, 7, 0x81, 0x80, 0, 1, 0, UInt8(answers ?? data.count), 0, 0, 0, 0] + name.bytes + [0, 33, 0, 1]
        return parse(question + data.flatMap { ScriptedNameServer.record([0xc0, 12], 33, 20, $0) }, .srv)
    }

    @Test func readsServices() {
        let records = [srv(0, 5, 9001, "One.test"), srv(10, 0, 9002, "two.test")]
        #expect(
            services(records)
                == .services(
                    [
                        ServiceRecord(priority: 0, weight: 5, port: 9001, host: "one.test"),
                        ServiceRecord(priority: 10, weight: 0, port: 9002, host: "two.test"),
                    ], timeToLive: 20))
        #expect(services([]) == .services([], timeToLive: 0))
        // A record that is cut, and one with something behind its name.
        #expect(services([Array(srv(0, 5, 9001, "one.test").dropLast())]) == nil)
        #expect(services([[0, 0, 0, 1, 0]]) == nil)
        #expect(services([srv(0, 5, 9001, "one.test") + [1]]) == nil)
    }

    @Test func servicesHaveAnOrderOfTheirOwn() {
        let one = ServiceRecord(priority: 0, weight: 5, port: 9001, host: "one.test")
        let two = ServiceRecord(priority: 1, weight: 5, port: 80, host: "a.test")
        #expect(ServiceRecord.sorted([two, one, two, ServiceRecord(priority: 0, weight: 0, port: 0, host: "")]) == [one, two])
    }

    @Test func readsOutcomes() {
        #expect(parse(message([], count: 0)) == .addresses([], timeToLive: 0))
        #expect(parse(message([], count: 0, flags: (0x81, 0x83))) == .noSuchName)
        #expect(parse(message([], count: 0, flags: (0x81, 0x82))) == .refused(code: 2))
        #expect(parse(message([], count: 9, flags: (0x83, 0x80))) == .truncated)
        #expect(parse([0, 7, 0x81, 0x81, 0, 0, 0, 0, 0, 0, 0, 0]) == .refused(code: 1))
    }

    @Test func refusesWhatIsNoReplyToTheQuery() {
        let good = message(ScriptedNameServer.a((10, 0, 0, 1), ttl: 60), count: 1)
        #expect(parse(good, id: 8) == nil)
        #expect(parse(good, .aaaa) == nil)
        #expect(good.withView { DNSReply.parse($0, DNSName("b.test")!, .a, id: 7) } == nil)
        #expect(parse(message([], count: 0, flags: (0x01, 0x00))) == nil, "a query is no reply")
        #expect(parse([]) == nil)
    }

    @Test(
        arguments: [
            [0xc0, 0xff], [0xc0, 0x1c], [0xc0, 0x1d], [0x80, 1], [0x40, 1], [63], [1, 97, 0xc0, 0x1c], [0xc0],
        ] as [[UInt8]])
    func refusesMalformedNames(owner: [UInt8]) {
        // The answer's owner begins at offset 24 (0x18); these point at or behind themselves, or break off.
        let records = owner.count == 1 ? owner : ScriptedNameServer.record(owner, 1, 60, [10, 0, 0, 1])
        #expect(parse(message(records, count: 1)) == nil)
    }

    @Test func refusesPointerLoops() {
        let here = UInt8(12 + name.bytes.count + 4)
        #expect(parse(message(ScriptedNameServer.record([0xc0, here], 1, 60, [10, 0, 0, 1]), count: 1)) == nil)
        #expect(parse(message(ScriptedNameServer.record([1, 97, 0xc0, here], 1, 60, [10, 0, 0, 1]), count: 1)) == nil)
    }

    @Test func boundsTheJumpsOfAName() {
        // Forty pointers, each to the one before, behind a name at the start of the data.
        var bytes: [UInt8] = [1, 97, 0]
        var previous = 0
        for _ in 0..<40 {
            let at = bytes.count
            bytes += [0xc0 | UInt8(previous >> 8), UInt8(previous & 0xff)]
            previous = at
        }
        #expect(
            bytes.withView { view in
                var reader = DNSReader(view, at: previous)
                return reader.name()
            } == nil)
        #expect(
            bytes.withView { view in
                var reader = DNSReader(view, at: 3)
                return reader.name()
            } == DNSName("a"))
    }

    @Test func everyPrefixAndEveryChangedByteIsReadWithoutHarm() {
        let target = DNSName("b.test")!.bytes
        let records =
            ScriptedNameServer.record([0xc0, 12], 5, 100, target) + ScriptedNameServer.record(target, 1, 300, [10, 0, 0, 9])
            + ScriptedNameServer.record([1, 97, 0xc0, 14], 16, 1, [1, 2])
        let whole = message(records, count: 3)
        #expect(parse(whole) == .addresses([v4(9)], timeToLive: 100))
        for count in 0..<whole.count { #expect(parse(Array(whole[..<count])) == nil) }
        for i in whole.indices {
            for bit in 0..<8 {
                var changed = whole
                changed[i] ^= 1 << UInt8(bit)
                _ = parse(changed)
            }
        }
    }

    @Test func randomBytesAreReadWithoutHarm() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let tail = (0..<Int.random(in: 0..<120, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            _ = parse(message(tail, count: UInt8.random(in: 0...255, using: &random)))
        }
    }

    @Test func writesQueries() {
        #expect(
            DNSMessage.query(DNSName("A.test")!, .aaaa, id: 0x1234)
                == [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 97, 4, 116, 101, 115, 116, 0, 0, 28, 0, 1])
    }

    @Test(arguments: ["", ".", "a..b", "-ok but blanks", "ä.test", String(repeating: "a", count: 64) + ".test", "a/b"])
    func refusesWhatIsNoHostName(text: String) { #expect(DNSName(text) == nil) }
}
