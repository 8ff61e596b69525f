import GatewayCore
import Model
import Reactor
import Testing

@testable import DataPlane

@Suite struct OverloadControllerTests {
    /// Turns of one length for a while, on a clock of its own.
    private struct Clock {
        var controller: OverloadController
        var now = Instant(nanoseconds: 1_000_000_000)
        var work: Nanoseconds = 0

        mutating func run(turns length: Nanoseconds, every period: Nanoseconds, for seconds: Double, busy: Double = 0) {
            let end = now + Nanoseconds(seconds * 1e9)
            while now < end {
                now = now + period
                work += Nanoseconds(Double(period) * busy)
                controller.turn(length, now) { [work] in work }
            }
        }
    }

    private func clock(cpu: Double? = nil) -> Clock { Clock(controller: OverloadController(queueDelay: .milliseconds(20), cpu: cpu)) }

    @Test func aQueueThatStandsRaisesTheLevel() {
        var clock = clock()
        clock.run(turns: .milliseconds(25), every: .milliseconds(25), for: 0.5)
        #expect(clock.controller.level > 0.3 && clock.controller.level < 0.6)
        clock.run(turns: .milliseconds(25), every: .milliseconds(25), for: 10)
        #expect(clock.controller.level == 2)
        clock.run(turns: .milliseconds(1), every: .milliseconds(10), for: 1)
        #expect(clock.controller.level < 1.6 && clock.controller.level > 1.4, "it falls at half the pace")
        clock.run(turns: .milliseconds(1), every: .seconds(10), for: 30)
        #expect(clock.controller.level == 0, "also when hardly anything happens")
    }

    /// One long turn in ten is a burst.
    @Test func burstsDoNot() {
        var clock = clock()
        for _ in 0..<100 {
            clock.run(turns: .milliseconds(80), every: .milliseconds(80), for: 0.08)
            clock.run(turns: 100_000, every: .milliseconds(5), for: 0.05)
        }
        #expect(clock.controller.level == 0)
    }

    @Test func soDoesAProcessorThatIsBusy() {
        var clock = clock(cpu: 0.9)
        clock.run(turns: .milliseconds(1), every: .milliseconds(5), for: 2, busy: 0.85)
        #expect(clock.controller.level == 0)
        clock.run(turns: .milliseconds(1), every: .milliseconds(5), for: 1, busy: 0.98)
        #expect(clock.controller.level > 0.7)
    }

    @Test func theLeastImportantGoFirst() {
        var clock = clock()
        clock.run(turns: .milliseconds(25), every: .milliseconds(25), for: 0.5)
        func refused(_ importance: Importance) -> Int {
            var count = 0
            for i in 0..<1000 where !clock.controller.admits(importance, chance: Double(i) / 1000) { count += 1 }
            return count
        }
        let low = refused(.low), normal = refused(.normal), critical = refused(.critical)
        #expect(low > 300 && normal == 0 && critical == 0)
        clock.run(turns: .milliseconds(25), every: .milliseconds(25), for: 10)
        let (lowNow, normalNow, criticalNow) = (refused(.low), refused(.normal), refused(.critical))
        #expect(lowNow == 1000 && normalNow == 900 && criticalNow == 0)
        #expect(clock.controller.shed.normal == 900)
    }
}

/// In the life of an exchange.
@Suite struct OverloadFlowTests {
    @Test func whoIsRefused() throws {
        let rig = try WorkerRig(
            """
            runtime: { overload: { critical: 'request.headers["x-tier"] == "gold"', low: 'request.path == "/normal" && "x-bulk" in request.headers' } }
            apis:
              - name: api
                routes:
                  - { match: { path: /normal }, respond: { status: 200 } }
                  - { match: { path: /low }, importance: low, respond: { status: 200 } }
                  - { match: { path: /pay }, importance: critical, respond: { status: 200 } }
            """)
        func status(_ path: String, _ fields: String = "") -> String { String(rig.ask(.get(path, fields)).dropFirst(9).prefix(3)) }
        #expect(["/normal", "/low", "/pay"].map { status($0) } == ["200", "200", "200"])
        var full = OverloadController(queueDelay: 1, cpu: nil)
        for i in 1...10 { full.turn(.seconds(1), Instant(nanoseconds: UInt64(i) * 1_000_000_000)) { 0 } }
        #expect(abs(full.level - 1) < 1e-9)
        rig.worker.overload = full
        #expect(rig.ask(.get("/low")).contains("\"reason\":\"overloaded\""))
        rig.worker.overload = full
        #expect(status("/normal", "X-Bulk: 1\r\n") == "503")
        for (path, fields) in [("/low", "X-Tier: gold\r\n"), ("/normal", ""), ("/pay", "")] {
            rig.worker.overload = full
            #expect(status(path, fields) == "200", "\(path)")
        }
    }
}
