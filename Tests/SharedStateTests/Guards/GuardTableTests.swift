import Primitives
import Reactor
import Synchronization
import Testing

@testable import SharedState

@Suite struct GuardTableTests {
    private static func rules(
        connections: Int = 4, newConnections: Int = 0, handshakes: Int = 0, requests: Int = 0, offences: Int = 0, factor: Int = 2,
        first: Nanoseconds = .seconds(10), longest: Nanoseconds = .seconds(35), memory: Nanoseconds = .seconds(60), exempt: [CIDR] = []
    ) -> GuardRules {
        func bounds(_ factor: Int) -> GuardBounds {
            var bounds = GuardBounds()
            bounds.connections = connections * factor
            bounds.newConnections = .init(perSecond: newConnections * factor)
            bounds.handshakes = .init(perSecond: handshakes * factor)
            bounds.requests = .init(perSecond: requests * factor)
            bounds.offences = .init(perMinute: offences * factor)
            return bounds
        }
        var bans = BanRules()
        (bans.first, bans.longest, bans.memory) = (first, longest, memory)
        return GuardRules(
            address: bounds(1), prefix: bounds(factor), bans: bans, prefixes: AddressPrefixes(v4: 24, v6: 64), exempt: CIDRSet(exempt))
    }

    private func at(_ seconds: Double) -> Instant { Instant(nanoseconds: 1_000_000_000_000 + UInt64(seconds * 1e9)) }

    private func address(_ text: String) -> IPAddress { IPAddress(parsing: text) ?? .loopback }

    // MARK: Connections

    @Test func openConnectionsAreCountedUntilTheyAreClosed() {
        let table = GuardTable(), rules = GuardTableTests.rules(connections: 2)
        let a = address("198.51.100.7")
        #expect(table.enter(a, isHandshake: false, rules, now: at(0)) == .admitted)
        #expect(table.enter(a, isHandshake: false, rules, now: at(0)) == .admitted)
        #expect(table.enter(a, isHandshake: false, rules, now: at(0)) == .refused(.connections, 0))
        table.leave(a, rules, now: at(1))
        #expect(table.enter(a, isHandshake: false, rules, now: at(1)) == .admitted)
    }

    @Test func aPrefixHasItsOwnBounds() {
        let table = GuardTable(), rules = GuardTableTests.rules(connections: 2)
        let answers = (1...6).map { table.enter(address("198.51.100.\($0)"), isHandshake: false, rules, now: at(0)) }
        #expect(answers == Array(repeating: .admitted, count: 4) + Array(repeating: .refused(.connections, 0), count: 2))
        #expect(table.enter(address("198.51.101.1"), isHandshake: false, rules, now: at(0)) == .admitted)
        // Who was refused by its prefix is not noted: an attacker has any number of addresses.
        #expect(table.addresses.sum { $0.count } == 5)
        // What its prefix has refused did not count for an address either.
        #expect(table.enter(address("198.51.100.1"), isHandshake: false, rules, now: at(0)) == .refused(.connections, 0))
        table.leave(address("198.51.100.2"), rules, now: at(0))
        #expect(table.enter(address("198.51.100.1"), isHandshake: false, rules, now: at(0)) == .admitted)
        #expect(table.enter(address("198.51.100.1"), isHandshake: false, rules, now: at(0)) == .refused(.connections, 0))
    }

    @Test func aNetworkOfIPv6IsOneClient() {
        let table = GuardTable(), rules = GuardTableTests.rules(connections: 2)
        let answers = (1...5).map { table.enter(address("2001:db8:0:1::\($0)"), isHandshake: false, rules, now: at(0)) == .admitted }
        #expect(answers == [true, true, true, true, false])
        #expect(table.enter(address("2001:db8:0:2::1"), isHandshake: false, rules, now: at(0)) == .admitted)
    }

    @Test func handshakesHaveARateOfTheirOwn() {
        let table = GuardTable(), rules = GuardTableTests.rules(connections: 100, newConnections: 50, handshakes: 2)
        let a = address("198.51.100.7")
        let secure = (1...6).map { _ in table.enter(a, isHandshake: true, rules, now: at(0)) }
        #expect(secure == Array(repeating: .admitted, count: 4) + Array(repeating: .refused(.handshakes, 0), count: 2))
        #expect(table.enter(a, isHandshake: false, rules, now: at(0)) == .admitted)
        #expect(table.enter(a, isHandshake: true, rules, now: at(0.5)) == .admitted)
        #expect(table.enter(a, isHandshake: true, rules, now: at(0.5)) == .refused(.handshakes, 0))
    }

    // MARK: Requests

    @Test func requestsAreGrantedInBatches() {
        let table = GuardTable(), rules = GuardTableTests.rules(requests: 10)
        let a = address("198.51.100.7"), b = address("198.51.100.8"), c = address("198.51.100.9")
        #expect(table.take(16, of: a, rules, now: at(0)).count == 16)
        #expect(table.take(16, of: a, rules, now: at(0)).count == 4)
        let refused = table.take(16, of: a, rules, now: at(0))
        #expect(refused == GuardGrant(count: 0, verdict: .refused(.requests, 100_000_000)))
        // What the address could not have is its prefix's again.
        #expect(table.take(20, of: b, rules, now: at(0)).count == 20)
        #expect(table.take(1, of: c, rules, now: at(0)) == GuardGrant(count: 0, verdict: .refused(.requests, 50_000_000), isByPrefix: true))
        table.giveBack(3, of: b, rules, now: at(0))
        #expect(table.take(16, of: c, rules, now: at(0)).count == 3)
    }

    // MARK: Bans

    @Test func bansAreTwiceAsLongEachTimeUpToTheLongestAndForgotten() {
        let begun = Mutex<[GuardBan]>([])
        let table = GuardTable { ban in begun.withLock { $0.append(ban) } }
        let rules = GuardTableTests.rules(offences: 3, factor: 0)
        let a = address("198.51.100.7")
        var now = 0.0
        for length in [10.0, 20, 35, 35] {
            for _ in 0..<3 { table.offend(.malformed, weight: 1, of: a, rules, now: at(now)) }
            #expect(table.banned(a, rules, now: at(now)) == 0)
            table.offend(.malformed, weight: 1, of: a, rules, now: at(now))
            #expect(table.banned(a, rules, now: at(now)) == UInt64(length * 1e9))
            #expect(table.enter(a, isHandshake: false, rules, now: at(now + length - 1)) == .banned(1_000_000_000))
            #expect(table.banned(a, rules, now: at(now + length)) == 0)
            now += length + 30
        }
        now += 60
        table.offend(.malformed, weight: 4, of: a, rules, now: at(now))
        #expect(table.banned(a, rules, now: at(now)) == 10_000_000_000)
        let list = begun.withLock { $0 }
        #expect(list.map(\.strikes) == [1, 2, 3, 4, 1] && list.allSatisfy { $0.cause == .malformed && $0.network == CIDR(a, bits: 128) })
        #expect(table.bans == 5)
    }

    @Test func whoKeepsComingFindsTheNextBanBehindTheFirst() {
        let table = GuardTable(), rules = GuardTableTests.rules(connections: 100, offences: 6, factor: 0)
        let patient = address("198.51.100.7"), stubborn = address("198.51.100.8")
        for a in [patient, stubborn] { table.offend(.malformed, weight: 7, of: a, rules, now: at(0)) }
        for i in 0..<100 { _ = table.enter(stubborn, isHandshake: false, rules, now: at(Double(i) / 10)) }
        #expect(table.enter(patient, isHandshake: false, rules, now: at(10)) == .admitted)
        // It still comes; the ban is over, and the next thing that it does wrong begins the second.
        table.offend(.slowness, weight: 2, of: stubborn, rules, now: at(10))
        #expect(table.banned(stubborn, rules, now: at(10)) == 20_000_000_000)
        table.offend(.slowness, weight: 2, of: patient, rules, now: at(10))
        #expect(table.banned(patient, rules, now: at(10)) == 0)
    }

    @Test func aPrefixIsBannedForWhatManyOfItsAddressesDo() {
        let table = GuardTable(), rules = GuardTableTests.rules(offences: 5)
        for i in 1...11 { table.offend(.slowness, weight: 1, of: address("198.51.100.\(i)"), rules, now: at(0)) }
        #expect(table.bans(rules, now: at(0)).map(\.network.description) == ["198.51.100.0/24"])
        #expect(table.enter(address("198.51.100.99"), isHandshake: false, rules, now: at(1)) == .banned(9_000_000_000))
        #expect(table.take(1, of: address("198.51.100.99"), rules, now: at(1)).verdict == .banned(9_000_000_000))
        #expect(table.enter(address("198.51.101.99"), isHandshake: false, rules, now: at(1)) == .admitted)
    }

    @Test func whatTheBannedDoIsNotHeldAgainstTheirPrefix() {
        let table = GuardTable(), rules = GuardTableTests.rules(offences: 5)
        let a = address("198.51.100.7")
        table.offend(.malformed, weight: 6, of: a, rules, now: at(0))
        for _ in 0..<1000 { _ = table.enter(a, isHandshake: false, rules, now: at(1)) }
        #expect(table.enter(address("198.51.100.8"), isHandshake: false, rules, now: at(1)) == .admitted)
        #expect(table.bans(rules, now: at(1)).count == 1)
    }

    @Test func aBanCanBeEnded() throws {
        let table = GuardTable(), rules = GuardTableTests.rules(offences: 5, factor: 1)
        let a = address("198.51.100.7")
        table.offend(.malformed, weight: 6, of: a, rules, now: at(0))
        #expect(table.bans(rules, now: at(0)).count == 2)
        let prefix = try #require(CIDR(parsing: "198.51.100.0/24")), other = try #require(CIDR(parsing: "198.51.0.0/16"))
        #expect(!table.pardon(other, rules, now: at(0)))
        #expect(table.pardon(prefix, rules, now: at(0)) && !table.pardon(prefix, rules, now: at(0)))
        #expect(table.enter(a, isHandshake: false, rules, now: at(0)) == .banned(10_000_000_000))
        #expect(table.pardon(CIDR(a, bits: 128), rules, now: at(0)))
        #expect(table.enter(a, isHandshake: false, rules, now: at(0)) == .admitted)
    }

    // MARK: Memory

    @Test func aFloodOfAddressesForgetsNeitherBansNorOpenConnections() {
        // By chance some neighbourhood of the table could be full of those that matter: the same chance in every run.
        let table = GuardTable(capacity: 1000, secret: .init(1, 2))
        let rules = GuardTableTests.rules(connections: 1, offences: 5, factor: 0, first: .seconds(1000), longest: .seconds(1000))
        let banned = (1...50).map { address("198.51.100.\($0)") }, open = (1...50).map { address("203.0.113.\($0)") }
        for a in banned { table.offend(.malformed, weight: 6, of: a, rules, now: at(0)) }
        for a in open { #expect(table.enter(a, isHandshake: false, rules, now: at(0)) == .admitted) }
        for i in 0..<50_000 {
            let a = IPAddress(high: 0x2001_0db8_0000_0000 | UInt64(i), low: 1)
            table.offend(.slowness, weight: 2, of: a, rules, now: at(1))
        }
        #expect(table.count <= 2000)
        #expect(banned.allSatisfy { table.banned($0, rules, now: at(2)) > 0 })
        #expect(open.allSatisfy { table.enter($0, isHandshake: false, rules, now: at(2)) == .refused(.connections, 0) })
    }

    @Test func connectionsAreExactAcrossThreads() {
        let table = GuardTable(), rules = GuardTableTests.rules(connections: 100, factor: 1)
        let now = at(0)
        let admitted = onThreads(4) { thread in
            (0..<500).count { i in
                let a = IPAddress(v4: 0xc633_6400 | UInt32(i % 7))
                let isIn = table.enter(a, isHandshake: false, rules, now: now) == .admitted
                if isIn, (i + thread) % 2 == 0 {
                    table.leave(a, rules, now: now)
                    return false
                }
                return isIn
            }
        }
        #expect(admitted == 100)
    }

    // MARK: Against the reference

    /// Any order of connections, requests, offences and time: the same answers as the plain model.
    @Test(arguments: 0..<60) func everythingIsAsThePlainModelHasIt(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let rules = GuardTableTests.rules(
            connections: Int.random(in: 0...6, using: &random), newConnections: Int.random(in: 0...5, using: &random),
            handshakes: Int.random(in: 0...4, using: &random), requests: Int.random(in: 0...8, using: &random),
            offences: Int.random(in: 0...12, using: &random), factor: Int.random(in: 0...3, using: &random))
        let table = GuardTable()
        var reference = GuardReference(rules)
        var open: [IPAddress] = []
        // Times are multiples of a sixteenth of a second, so that both count the same.
        var time = 0.0
        for step in 0..<1500 {
            time += Double(Int.random(in: 0...(step % 100 == 0 ? 400 : 3), using: &random)) / 16
            let a = IPAddress(v4: 0xc633_6400 | UInt32.random(in: 0...1, using: &random) << 8 | UInt32.random(in: 0...3, using: &random))
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<4:
                let isHandshake = Bool.random(using: &random)
                let answer = table.enter(a, isHandshake: isHandshake, rules, now: at(time))
                let expected = reference.enter(a, isHandshake: isHandshake, time)
                #expect(short(answer) == expected, "step \(step), \(a) at \(time)")
                if answer == .admitted { open.append(a) }
            case 4..<6:
                guard let index = open.indices.randomElement(using: &random) else { continue }
                let leaving = open.remove(at: index)
                table.leave(leaving, rules, now: at(time))
                reference.leave(leaving)
            case 6..<9:
                let grant = table.take(1, of: a, rules, now: at(time))
                #expect(short(grant.verdict) == reference.request(a, time), "step \(step), \(a) at \(time)")
            default:
                let weight = Int.random(in: 1...4, using: &random)
                table.offend(.slowness, weight: weight, of: a, rules, now: at(time))
                reference.offend(weight, a, time)
            }
            #expect((table.banned(a, rules, now: at(time)) > 0) == reference.isBanned(a, time), "step \(step), \(a) at \(time)")
        }
    }

    private func short(_ verdict: GuardVerdict) -> GuardReference.Answer {
        switch verdict {
        case .admitted: .admitted
        case .refused: .refused
        case .banned: .banned
        }
    }
}
