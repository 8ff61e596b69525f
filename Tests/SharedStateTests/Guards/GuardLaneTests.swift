import Primitives
import Reactor
import ReactorTesting
import Testing

@testable import SharedState

@Suite struct GuardLaneTests {
    private let network = MemoryNetwork()
    private let a = IPAddress(v4: 0xc633_6407), b = IPAddress(v4: 0xc633_6508)

    private func rules(requests: Int = 0, offences: Int = 0, connections: Int = 0, exempt: [CIDR] = []) -> GuardRules {
        var bounds = GuardBounds()
        bounds.requests = .init(perSecond: requests)
        bounds.offences = .init(perMinute: offences)
        bounds.connections = connections
        return GuardRules(
            address: bounds, prefix: GuardBounds(), bans: BanRules(), prefixes: AddressPrefixes(v4: 24, v6: 64), exempt: CIDRSet(exempt))
    }

    private func lane(_ rules: GuardRules, _ table: GuardTable = GuardTable()) -> GuardLane {
        GuardLane(loop: network.loop, table: table, rules: rules)
    }

    private func admitted(_ lane: GuardLane, _ address: IPAddress, of count: Int) -> Int {
        (0..<count).count { _ in lane.request(address) == .admitted }
    }

    @Test func oneLoopIsExact() {
        for limit in [1, 5, 50, 500] {
            let lane = lane(rules(requests: limit))
            #expect(admitted(lane, a, of: 3 * limit) == 2 * limit, "\(limit)")
            network.advance(.seconds(1))
            #expect(admitted(lane, a, of: 3 * limit) == limit, "\(limit)")
            #expect(lane.counters.refused[GuardLimit.requests.rawValue] == UInt64(3 * limit))
        }
    }

    @Test func loopsShareWhatAnAddressMayDo() {
        let table = GuardTable(), rules = rules(requests: 1000)
        let first = lane(rules, table), second = lane(rules, table)
        var passed = 0
        for _ in 0..<2000 {
            passed += admitted(first, a, of: 1)
            passed += admitted(second, a, of: 1)
        }
        #expect(passed == 2000)
        #expect(admitted(first, b, of: 100) == 100)
    }

    /// More addresses than the loop has places for: what one place loses is given back, so that no limit is spent by that.
    @Test func placesAreSharedWithoutLoss() {
        let lane = lane(rules(requests: 100))
        let addresses = (0..<20_000).map { IPAddress(v4: 0x0a00_0000 | UInt32($0)) }
        for round in 0..<20 {
            for address in addresses { #expect(lane.request(address) == .admitted, "round \(round)") }
        }
    }

    @Test func whoIsExemptIsNeverCounted() throws {
        let lane = lane(rules(requests: 1, offences: 1, connections: 1, exempt: [try #require(CIDR(parsing: "198.51.100.0/24"))]))
        #expect(admitted(lane, a, of: 100) == 100)
        for _ in 0..<10 { lane.offend(.malformed, weight: 5, of: a) }
        #expect(!lane.isBanned(a))
        for _ in 0..<10 {
            guard case .uncounted = lane.enter(a, isHandshake: false) else { return #expect(Bool(false), "counted") }
        }
        #expect(lane.table.count == 0)
    }

    /// Refused requests cost no look at the table, and count all the same.
    @Test func whoGoesOnIsBanned() {
        let lane = lane(rules(requests: 10, offences: 100))
        #expect(admitted(lane, a, of: 20) == 20)
        var refusals = 0
        while !lane.isBanned(a), refusals < 1000 {
            #expect(lane.request(a) != .admitted)
            refusals += 1
        }
        #expect(refusals > 100 && refusals < 200)
        guard case .banned = lane.request(a) else { return #expect(Bool(false), "not banned") }
        network.advance(.seconds(10))
        #expect(lane.request(a) == .admitted)
    }

    @Test func anEndedBanIsNoticedWithinASecond() {
        let lane = lane(rules(offences: 1))
        lane.offend(.malformed, weight: 5, of: a)
        guard case .banned = lane.request(a) else { return #expect(Bool(false), "not banned") }
        #expect(lane.table.pardon(CIDR(a, bits: 128), lane.rules, now: network.now))
        network.advance(.seconds(1))
        #expect(lane.request(a) == .admitted)
    }

    @Test func otherRulesHoldAtOnce() {
        let lane = lane(rules(requests: 1))
        #expect(admitted(lane, a, of: 10) == 2)
        lane.update(rules(requests: 0))
        #expect(admitted(lane, a, of: 10) == 10)
    }

    @Test func connectionsAreGivenBack() {
        let lane = lane(rules(connections: 1))
        guard case .counted(let ticket) = lane.enter(a, isHandshake: false) else { return #expect(Bool(false), "not counted") }
        guard case .refused = lane.enter(a, isHandshake: false) else { return #expect(Bool(false), "not refused") }
        ticket.issuer.returned(ticket.address)
        guard case .counted = lane.enter(a, isHandshake: false) else { return #expect(Bool(false), "not given back") }
        #expect(lane.counters.refused[GuardLimit.connections.rawValue] == 1)
    }
}
