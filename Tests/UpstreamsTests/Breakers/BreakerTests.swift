import Expressions
import GatewayCore
import Reactor
import Testing

@testable import Upstreams

@Suite struct BreakerMachineTests {
    private func at(_ seconds: UInt64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }
    var machine = BreakerMachine(openFor: .seconds(10), probes: 2)

    @Test mutating func dialogue() {
        #expect(machine.admit(at(1)) == .pass)
        machine.trip(at(1))
        #expect(machine.admit(at(1)) == .refused(until: at(11)) && machine.admit(at(10)) == .refused(until: at(11)))
        #expect(machine.admit(at(11)) == .probe && machine.admit(at(11)) == .probe)
        #expect(machine.admit(at(11)) == .refused(until: nil), "as many as it takes to find out")
        #expect(machine.probeEnded(.good, at(12)) == false)
        #expect(machine.admit(at(12)) == .refused(until: nil), "one is good, the other under way")
        #expect(machine.probeEnded(.good, at(12)) == true)
        machine.decide(isTooSlow: false, at(12))
        #expect(machine.state == .closed && machine.admit(at(12)) == .pass)
    }

    @Test mutating func oneBadProbeOpensItAgain() {
        machine.trip(at(0))
        _ = machine.admit(at(10))
        _ = machine.admit(at(10))
        #expect(!machine.probeEnded(.bad, at(11)) && machine.state == .open(until: at(21)))
        #expect(!machine.probeEnded(.good, at(11)) && machine.state == .open(until: at(21)), "the other comes too late")
    }

    @Test mutating func aProbeThatSaysNothingIsReplaced() {
        machine.trip(at(0))
        _ = machine.admit(at(10))
        _ = machine.admit(at(10))
        _ = machine.probeEnded(.unknown, at(11))
        #expect(machine.admit(at(11)) == .probe && machine.admit(at(11)) == .refused(until: nil))
    }

    @Test mutating func slowProbesOpenItAgain() {
        machine.trip(at(0))
        for _ in 0..<2 { _ = machine.admit(at(10)) }
        _ = machine.probeEnded(.good, at(11))
        #expect(machine.probeEnded(.good, at(11)) == true)
        machine.decide(isTooSlow: true, at(11))
        #expect(machine.state == .open(until: at(21)))
    }
}

@Suite struct BreakerTests {
    private func at(_ milliseconds: UInt64) -> Instant { Instant(nanoseconds: 1_000_000_000_000 + milliseconds * 1_000_000) }

    private func breaker(_ condition: String, minimum: Int = 10, loops: Int = 1) throws -> Breaker {
        var settings = BreakerSettings(condition: try BreakerCondition(condition))
        settings.minimumRequests = minimum
        settings.halfOpen = 2
        return Breaker(settings, loops: loops)
    }

    private let good = AttemptOutcome(.answered, status: 200, latency: .milliseconds(10))
    private let bad = AttemptOutcome(.answered, status: 503, latency: .milliseconds(10))

    /// Opens at the first evaluation after the condition holds, a quarter of a second after the last one at most.
    @Test func opensByTheErrorRatio() throws {
        let breaker = try breaker("errorRatio > 0.5")
        for i in 0..<9 { #expect(breaker.note(bad, isProbe: false, loop: 0, at(UInt64(i))) == nil) }
        #expect(breaker.note(bad, isProbe: false, loop: 0, at(249)) == nil, "too early for another evaluation")
        #expect(breaker.note(good, isProbe: false, loop: 0, at(250)) == .open(until: at(10_250)))
        #expect(breaker.admit(at(251)).admission == .refused(until: at(10_250)))
        #expect(breaker.closedUntil(at(251)) == at(10_250) && breaker.counts.opened == 1 && breaker.counts.refused == 1)
        // What was under way when it opened says nothing more.
        #expect(breaker.note(good, isProbe: false, loop: 0, at(300)) == nil)
    }

    @Test func staysClosedBelowTheMinimumAndAtTheBound() throws {
        let breaker = try breaker("errorRatio > 0.5", minimum: 10)
        for i in 0..<9 { #expect(breaker.note(bad, isProbe: false, loop: 0, at(UInt64(i) * 300)) == nil) }
        for i in 9..<18 { #expect(breaker.note(good, isProbe: false, loop: 0, at(UInt64(i) * 300)) == nil || i < 10) }
        #expect(breaker.state != .closed, "the tenth request made nine failures of ten")
        let even = try self.breaker("errorRatio > 0.5", minimum: 10)
        for i in 0..<20 { #expect(even.note(i % 2 == 0 ? good : bad, isProbe: false, loop: 0, at(UInt64(i) * 300)) == nil) }
        #expect(even.state == .closed, "half is not more than half")
    }

    @Test func opensByAQuantile() throws {
        let breaker = try breaker(#"p95 > duration("2s") || timeouts > 5"#, minimum: 20)
        for i in 0..<18 { _ = breaker.note(good, isProbe: false, loop: 0, at(UInt64(i))) }
        for _ in 0..<2 { _ = breaker.note(AttemptOutcome(.answered, status: 200, latency: .seconds(3)), isProbe: false, loop: 0, at(20)) }
        #expect(breaker.note(good, isProbe: false, loop: 0, at(400)) == .open(until: at(10_400)))
    }

    @Test func theLoopsCountTogether() throws {
        let breaker = try breaker("failures >= 10", loops: 4)
        for i in 0..<9 { #expect(breaker.note(bad, isProbe: false, loop: i % 4, at(UInt64(i))) == nil) }
        #expect(breaker.note(bad, isProbe: false, loop: 3, at(300)) == .open(until: at(10_300)))
    }

    @Test func probesCloseItAndWhatWasBeforeIsForgotten() throws {
        let breaker = try breaker("errorRatio > 0.5")
        for i in 0..<12 { _ = breaker.note(bad, isProbe: false, loop: 0, at(UInt64(i) * 30)) }
        let opened = try #require(breaker.closedUntil(at(360)))
        #expect(breaker.admit(opened).admission == .probe && breaker.admit(opened).admission == .probe)
        #expect(breaker.admit(opened).admission == .refused(until: nil))
        #expect(breaker.note(good, isProbe: true, loop: 0, opened) == nil)
        #expect(breaker.note(good, isProbe: true, loop: 0, opened) == .closed)
        #expect(breaker.admit(opened).admission == .pass && breaker.figures(opened).requests == 0)
        for _ in 0..<9 { #expect(breaker.note(bad, isProbe: false, loop: 0, opened) == nil) }
        #expect(breaker.figures(opened).failures == 9)
    }

    @Test func probesThatAreSlowOpenItAgain() throws {
        let breaker = try breaker(#"p50 > duration("1s")"#)
        let slow = AttemptOutcome(.answered, status: 200, latency: .seconds(2))
        for i in 0..<12 { _ = breaker.note(slow, isProbe: false, loop: 0, at(UInt64(i) * 30)) }
        let opened = try #require(breaker.closedUntil(at(360)))
        for _ in 0..<2 { _ = breaker.admit(opened) }
        #expect(breaker.note(slow, isProbe: true, loop: 0, opened) == nil)
        #expect(breaker.note(slow, isProbe: true, loop: 0, opened) == .open(until: opened + .seconds(10)))
    }

    @Test func theStatusesThatCount() throws {
        let breaker = try breaker("failures > 0", minimum: 1)
        #expect(breaker.note(AttemptOutcome(.answered, status: 404), isProbe: false, loop: 0, at(0)) == nil)
        #expect(breaker.note(AttemptOutcome(.failed), isProbe: false, loop: 0, at(1000)) != nil)
    }

    @Test(arguments: [
        ("errorRatoi > 0.5", "errorRatio"), ("errorRatio", "bool"), ("p95 > 2", ""), ("requests > ", ""),
    ]) func wrongConditions(_ text: String, _ hint: String) throws {
        do throws(ExpressionError) {
            _ = try BreakerCondition(text)
            Issue.record("\(text) was taken")
        } catch {
            #expect(hint.isEmpty || error.message.contains(hint) || (error.remedy ?? "").contains(hint), "\(error.message) \(error.remedy ?? "")")
        }
    }
}
