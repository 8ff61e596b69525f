import Primitives
import Reactor
import Testing

@testable import SharedState

/// What `docs/guides/gateways-together.md` promises of limits that gateways share.
@Suite struct SyncBoundTests {
    /// Everybody asks for more than there is.
    @Test(arguments: [(20, 1000, 0), (20, 1000, 10), (4, 100, 0), (20, 5, 0), (100, 1000, 5)])
    func fixedWindowsAreFilled(_ gateways: Int, _ limit: Int, _ lost: Int) {
        var network = SyncNetwork(gateways: gateways, seed: UInt64(gateways + limit + lost))
        network.lost = lost
        let limiters = network.limiters(RateWindow(limit: limit, period: .seconds(10)), .fixed)
        network.run(milliseconds: 30_000, limiters) { _, time in time % 20 == 0 ? 1 : 0 }
        for window in 0..<3 {
            let units = network.units(window * 10_000..<(window + 1) * 10_000)
            #expect((limit...limit + gateways - 1).contains(units), "window \(window): \(units)")
        }
    }

    /// All the traffic comes to one gateway, then to another.
    @Test func oneGatewayMayHaveItAll() {
        var network = SyncNetwork(gateways: 20, seed: 5)
        let limiters = network.limiters(RateWindow(limit: 1000, period: .seconds(10)), .fixed)
        network.run(milliseconds: 40_000, limiters) { gateway, time in gateway == (time / 20_000) * 7 ? 1 : 0 }
        for window in 0..<4 {
            let units = network.units(window * 10_000..<(window + 1) * 10_000)
            #expect((1000...1019).contains(units), "window \(window): \(units)")
        }
    }

    @Test(arguments: [(20, 200), (4, 50), (20, 10)])
    func slidingWindowsHold(_ gateways: Int, _ limit: Int) {
        var network = SyncNetwork(gateways: gateways, seed: UInt64(limit))
        network.lost = 2
        let limiters = network.limiters(RateWindow(limit: limit, period: .seconds(5)), .sliding)
        network.run(milliseconds: 30_000, limiters) { _, time in time % 25 == 0 ? 1 : 0 }
        #expect(network.most(in: 5_000) <= limit + gateways - 1)
        #expect(network.units(0..<30_000) >= limit * 5)
    }

    @Test(arguments: [(20, 200, 200), (20, 200, 80), (4, 20, 5)])
    func linesEmptySteadily(_ gateways: Int, _ limit: Int, _ burst: Int) {
        var network = SyncNetwork(gateways: gateways, seed: UInt64(limit + burst))
        let limiters = network.limiters(RateWindow(limit: limit, period: .seconds(1), burst: burst), .gcra)
        network.run(milliseconds: 20_000, limiters) { _, time in time % 20 == 0 ? 1 : 0 }
        for length in [100, 1_000, 5_000] { #expect(network.most(in: length) <= burst + limit * length / 1000 + gateways) }
        let units = network.units(0..<20_000)
        #expect((limit * 19...burst + limit * 20 + gateways).contains(units), "\(units)")
    }

    /// Little traffic everywhere: nobody is refused.
    @Test func nobodyIsRefusedWithinTheLimit() {
        var network = SyncNetwork(gateways: 20, seed: 6)
        let limiters = network.limiters(RateWindow(limit: 1000, period: .seconds(10)), .fixed)
        network.run(milliseconds: 30_000, limiters) { _, time in time % 250 == 0 ? 1 : 0 }
        #expect(network.units(0..<30_000) == 20 * 120 - 20)
    }

    /// Halves that do not hear each other have the limit together, whether they know of it yet or not.
    @Test(arguments: [true, false]) func aPartitionSharesTheLimit(_ isDetected: Bool) {
        var network = SyncNetwork(gateways: 20, seed: 7)
        let limiters = network.limiters(RateWindow(limit: 1000, period: .seconds(10)), .fixed)
        network.run(milliseconds: 20_000, limiters) { _, time in time % 20 == 0 ? 1 : 0 }
        network.side = (0..<20).map { $0 < 5 ? 0 : 1 }
        network.isDetected = isDetected
        network.regroup()
        network.run(milliseconds: 20_000, limiters) { _, time in time % 20 == 0 ? 1 : 0 }
        for window in 2..<4 {
            let units = network.units(window * 10_000..<(window + 1) * 10_000)
            #expect((400...1019).contains(units), "window \(window): \(units)")
            if isDetected { #expect(units >= 980, "window \(window): \(units)") }
        }
        network.side = network.side.map { _ in 0 }
        network.isDetected = false
        network.regroup()
        network.run(milliseconds: 20_000, limiters) { _, time in time % 20 == 0 ? 1 : 0 }
        #expect((1000...1019).contains(network.units(50_000..<60_000)))
    }

    /// A gateway that nobody answers has its share of each period.
    @Test(arguments: [RateAlgorithm.gcra, .sliding, .fixed]) func aloneAmongTheMissing(_ algorithm: RateAlgorithm) {
        var network = SyncNetwork(gateways: 10, seed: 8)
        network.side = (0..<10).map { $0 }
        network.isDetected = true
        network.regroup()
        let limiters = network.limiters(RateWindow(limit: 1000, period: .seconds(1)), algorithm)
        network.run(milliseconds: 10_000, limiters) { gateway, _ in gateway == 3 ? 1 : 0 }
        let units = network.units(2_000..<10_000)
        #expect((700...810).contains(units), "\(units)")
    }

    /// Networks on which some hear of others hardly or never, and in one direction only.
    @Test(arguments: 1...12) func oddNetworks(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let gateways = Int.random(in: 2...12, using: &random), limit = Int.random(in: 5...400, using: &random)
        let losses = (0..<gateways * gateways).map { _ in [0, 0, 20, 90, 100].randomElement(using: &random) ?? 0 }
        let rates = (0..<gateways).map { _ in Int.random(in: 0...4, using: &random) }
        var network = SyncNetwork(gateways: gateways, seed: seed)
        network.lostBetween = { losses[$0 * gateways + $1] }
        network.delay = 1...400
        let limiters = network.limiters(RateWindow(limit: limit, period: .seconds(10)), .fixed)
        network.run(milliseconds: 30_000, limiters) { gateway, time in time % 10 == 0 ? rates[gateway] : 0 }
        for window in 0..<3 { #expect(network.units(window * 10_000..<(window + 1) * 10_000) <= limit + gateways - 1) }
    }

    @Test func countersAreShared() {
        var network = SyncNetwork(gateways: 20, seed: 9)
        network.lost = 5
        let stores = network.stores, ends = SyncNetwork.epoch + .seconds(25)
        func take(_ gateway: Int, _ now: Instant, _ wall: UInt64) -> Bool {
            let demand = CounterDemand(key: Array("plan".utf8), amount: 1, limit: 500, ends: ends)
            return stores[gateway].counters.spend([demand], isForced: false, now: now.nanoseconds, wall: wall).allowed
        }
        network.run(milliseconds: 12_000, { gateway, time in gateway < 8 && time % 40 == 0 ? 1 : 0 }, take: take)
        // Some calm, and it goes on elsewhere: what was spent is not counted twice.
        network.run(milliseconds: 8_000, { _, _ in 0 }, take: take)
        network.run(milliseconds: 4_000, { gateway, time in gateway > 8 && time % 40 == 0 ? 1 : 0 }, take: take)
        #expect((500...519).contains(network.units(0..<24_000)))
        for store in network.stores.prefix(8) {
            let total = store.counters.reports(prefix: Array("pl".utf8), most: 9, wall: network.wall).first?.total ?? 0
            #expect((500...519).contains(total))
        }
    }

    /// Calm in the middle of a long period: what was spent before still counts once.
    @Test func calmDoesNotCountTwice() {
        var network = SyncNetwork(gateways: 4, seed: 10)
        let stores = network.stores, ends = SyncNetwork.epoch + .seconds(600)
        func take(_ gateway: Int, _ now: Instant, _ wall: UInt64) -> Bool {
            let demand = CounterDemand(key: Array("plan".utf8), amount: 1, limit: 400, ends: ends)
            return stores[gateway].counters.spend([demand], isForced: false, now: now.nanoseconds, wall: wall).allowed
        }
        for _ in 0..<13 {
            network.run(milliseconds: 1_000, { _, time in time % 100 == 0 ? 1 : 0 }, take: take)
            network.run(milliseconds: 8_000, { _, _ in 0 }, take: take)
        }
        #expect((400...403).contains(network.units(0..<117_000)))
    }

    /// What is given back can be spent again, anywhere.
    @Test func whatIsGivenBackIsThereAgain() {
        var network = SyncNetwork(gateways: 3, seed: 11)
        let stores = network.stores
        func demand(_ amount: Int) -> [CounterDemand] {
            [CounterDemand(key: [1], amount: amount, limit: 100, ends: SyncNetwork.epoch + .seconds(600))]
        }
        func spend(_ gateway: Int, _ amount: Int, forced: Bool = false) -> Bool {
            stores[gateway].counters.spend(demand(amount), isForced: forced, now: network.now.nanoseconds, wall: network.wall).allowed
        }
        #expect(spend(0, 100, forced: true))
        _ = spend(1, 1)
        network.run(milliseconds: 1_000, { _, _ in 0 }, take: { _, _, _ in false })
        #expect(!spend(1, 1))
        #expect(spend(0, -60, forced: true))
        network.run(milliseconds: 1_500, { _, _ in 0 }, take: { _, _, _ in false })
        #expect(spend(1, 20))
    }
}
