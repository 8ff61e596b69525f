import GatewayCore
import Reactor
import ReactorTesting
import Synchronization
import Testing

@testable import Upstreams

@Suite struct EjectionLedgerTests {
    private func at(_ seconds: UInt64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }
    private func address(_ i: Int) -> SocketAddress { MemoryNetwork.address(UInt32(i)) }
    private let settings = PassiveHealthSettings()

    @Test func eachTimeTwiceAsLongUpToTheMost() {
        var ledger = EjectionLedger()
        var now = at(0)
        var lengths: [UInt64] = []
        for _ in 0..<6 {
            guard let until = ledger.eject(address(1), of: 4, settings, now) else { break }
            lengths.append((until - now) / 1_000_000_000)
            now = until + .seconds(1)
        }
        #expect(lengths == [30, 60, 120, 240, 300, 300])
    }

    @Test func timeInWhichItWasWellMakesUp() throws {
        var ledger = EjectionLedger()
        func eject(_ now: Instant) throws -> Instant {
            let until = ledger.eject(address(1), of: 4, settings, now)
            return try #require(until)
        }
        let second = try eject(try eject(at(0)) + .seconds(1))
        let third = try eject(second + .seconds(31))
        #expect(third - (second + .seconds(31)) == .seconds(60), "one of the two before is forgotten")
        let late = third + .seconds(3600)
        #expect(try eject(late) - late == .seconds(30))
    }

    @Test(arguments: [(0.5, 1, 0), (0.5, 2, 1), (0.5, 3, 1), (0.5, 4, 2), (0.1, 4, 1), (1.0, 4, 3), (0.0, 2, 1)])
    func soManyAtATime(_ share: Double, _ count: Int, _ most: Int) {
        var settings = settings
        settings.maxEjected = share
        var ledger = EjectionLedger()
        var ejected = 0
        for i in 0..<count where ledger.eject(address(i), of: count, settings, at(1)) != nil { ejected += 1 }
        #expect(ejected == most && ledger.ejected(at(1)) == most)
    }

    @Test func oneThatIsOutIsNotEjectedAgain() {
        var ledger = EjectionLedger()
        let first = ledger.eject(address(1), of: 4, settings, at(0)), again = ledger.eject(address(1), of: 4, settings, at(29))
        #expect(first != nil && again == nil)
    }
}

@Suite struct OutlierRulesTests {
    private func endpoint(_ requests: UInt64, failed: UInt64 = 0, milliseconds: UInt64 = 10) -> EndpointFigures {
        EndpointFigures(requests: requests, failures: failed, answers: requests, latency: requests * milliseconds * 1_000_000)
    }

    @Test func theOneThatSucceedsLess() {
        let rule = SuccessRateSettings()
        #expect(OutlierRules.bySuccessRate([endpoint(100), endpoint(100), endpoint(100, failed: 30)], rule) == [2])
        #expect(OutlierRules.bySuccessRate([endpoint(100), endpoint(100), endpoint(100, failed: 4)], rule) == [], "four points are nothing")
        #expect(OutlierRules.bySuccessRate([endpoint(100), endpoint(100), endpoint(49, failed: 49)], rule) == [], "too few to tell")
        let alike = [endpoint(100, failed: 45), endpoint(100, failed: 50), endpoint(100, failed: 48)]
        #expect(OutlierRules.bySuccessRate(alike, rule) == [], "all are ill: that is not the endpoint's fault")
    }

    @Test func theOneThatTakesLonger() {
        let rule = LatencyOutlierSettings()
        #expect(OutlierRules.byLatency([endpoint(60), endpoint(60), endpoint(60), endpoint(60, milliseconds: 40)], rule) == [3])
        #expect(OutlierRules.byLatency([endpoint(60), endpoint(60), endpoint(60, milliseconds: 25)], rule) == [])
        #expect(OutlierRules.byLatency([endpoint(60, milliseconds: 1), endpoint(60, milliseconds: 1), endpoint(60, milliseconds: 8)], rule) == [])
        #expect(OutlierRules.byLatency([endpoint(60), endpoint(60, milliseconds: 500)], rule) == [], "of two nobody knows which is right")
    }
}

@Suite struct UpstreamStateTests {
    private let endpoints = (0..<4).map { EndpointSettings(name: "e\($0)", address: MemoryNetwork.address(UInt32($0))) }
    private let bad = AttemptOutcome(.failed), good = AttemptOutcome(.answered, status: 200, latency: .milliseconds(1))
    private func at(_ milliseconds: UInt64) -> Instant { Instant(nanoseconds: 1_000_000_000_000 + milliseconds * 1_000_000) }

    private func settings(_ change: (inout PassiveHealthSettings) -> Void = { _ in }) -> UpstreamSettings {
        var settings = UpstreamSettings()
        var passive = PassiveHealthSettings()
        change(&passive)
        settings.passive = passive
        return settings
    }

    private func known(_ state: UpstreamState) -> [EndpointState] {
        let known = state.update(endpoints)
        return endpoints.compactMap { known[$0.address] }
    }

    /// Failures in a row, on whatever loop, and nothing in between.
    @Test func failuresInARowEject() {
        let state = UpstreamState(settings(), loops: 2)
        let known = known(state)
        for i in 0..<4 { #expect(!state.note(bad, of: known[0], probes: [], loop: i % 2, at(0))) }
        #expect(!state.note(good, of: known[0], probes: [], loop: 0, at(1)))
        for i in 0..<4 { #expect(!state.note(bad, of: known[0], probes: [], loop: i % 2, at(2))) }
        #expect(known[0].pausedUntil(at(2)) == nil)
        #expect(state.note(bad, of: known[0], probes: [], loop: 1, at(3)))
        #expect(known[0].pausedUntil(at(3)) == at(30_003) && known[1].pausedUntil(at(3)) == nil && known[0].ejections == 1)
        #expect(!state.endEjections(at(30_002)) && known[0].ejectedUntil != nil)
        #expect(state.endEjections(at(30_003)) && known[0].ejectedUntil == nil && !state.endEjections(at(30_003)))
    }

    @Test func failuresThatLieFarApartDoNot() {
        let state = UpstreamState(settings(), loops: 1)
        let known = known(state)
        for i in 0..<20 { #expect(!state.note(bad, of: known[0], probes: [], loop: 0, at(UInt64(i) * 2600))) }
        #expect(known[0].ejections == 0)
    }

    @Test func noMoreThanTheShare() {
        let state = UpstreamState(settings(), loops: 1)
        let known = known(state)
        for endpoint in known { for _ in 0..<5 { _ = state.note(bad, of: endpoint, probes: [], loop: 0, at(0)) } }
        #expect(known.map { $0.ejectedUntil != nil } == [true, true, false, false])
    }

    @Test func comparedEachWindow() {
        let state = UpstreamState(settings { $0.latency = LatencyOutlierSettings() }, loops: 2)
        let known = known(state)
        let slow = AttemptOutcome(.answered, status: 200, latency: .milliseconds(80))
        var changed: [UInt64] = []
        for i in 0..<UInt64(200) {
            for (place, endpoint) in known.enumerated() {
                if state.note(place == 2 ? slow : good, of: endpoint, probes: [], loop: place % 2, at(i * 100)) { changed.append(i) }
            }
        }
        #expect(changed.first == 100, "at the end of the first window: \(changed)")
        #expect(known.map { $0.ejectedUntil != nil } == [false, false, true, false])
    }

    /// A new snapshot changes nothing about what is known.
    @Test func outlivesTheSettings() {
        let before = UpstreamState(settings(), loops: 1)
        let old = known(before)
        for _ in 0..<5 { _ = before.note(bad, of: old[0], probes: [], loop: 0, at(0)) }
        let after = UpstreamState(settings { $0.failures = 3 }, loops: 1, before: before)
        #expect(before.fits(settings(), loops: 1) && !before.fits(settings { $0.failures = 3 }, loops: 1))
        let new = known(after)
        #expect(new[0].ejectedUntil == at(30_000) && new[0].ejections == 1 && new[1].ejectedUntil == nil)
        let without = UpstreamState(UpstreamSettings(), loops: 1, before: after)
        #expect(known(without)[0].ejectedUntil == nil && without.isIdle)
    }

    @Test func whatHappensIsTold() {
        let state = UpstreamState(settings(), loops: 1)
        let told = Mutex<[String]>([])
        state.observer.withLock { $0 = { event in told.withLock { $0.append("\(event.endpoint ?? "-") \(event.change)") } } }
        let known = known(state)
        for _ in 0..<5 { _ = state.note(bad, of: known[1], probes: [], loop: 0, at(0)) }
        _ = state.endEjections(at(40_000))
        #expect(told.withLock { $0.count } == 2)
        #expect(told.withLock { $0.allSatisfy { $0.hasPrefix("e1 ") } })
    }
}
