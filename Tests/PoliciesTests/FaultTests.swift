import GatewayCore
import Model
import PolicyKit
import Reactor
import ReactorTesting
import Schema
import Synchronization
import Testing

@testable import Policies

/// Delays, which need a clock, and shares, which need many draws; the rest is in `Cases/fault`.
@Suite struct FaultTests {
    private let network = MemoryNetwork()

    private func fault(_ yaml: String) throws -> Fault {
        try Fault(try decoded(yaml), PolicyContext(label: "fault", loops: 1))
    }

    /// The verdict of a policy that waits: its text, empty while it waits.
    private func begin(_ fault: Fault, _ exchange: Exchange) -> (task: Task<Void, Never>, verdict: () -> String) {
        let outcome = Outcome()
        // The exchange stays on its loop, which runs the task.
        nonisolated(unsafe) let exchange = exchange
        let task = Task(executorPreference: network.loop) {
            let verdict = await unsafe fault.onRequest(exchange)
            if case .proceed = verdict { outcome.set("passed") } else { outcome.set("refused") }
        }
        return (task, { outcome.text })
    }

    private final class Outcome: Sendable {
        private let value = Mutex("")
        var text: String { value.withLock { $0 } }
        func set(_ text: String) { value.withLock { $0 = text } }
    }

    @Test func aRequestWaitsAsLongAsItIsTold() throws {
        let fault = try fault("delay: { fixed: 200ms }")
        let exchange = Exchange(loop: network.loop)
        #expect(fault.verdict(exchange) == nil)
        let (_, verdict) = begin(fault, exchange)
        network.advance(.milliseconds(199))
        #expect(verdict() == "")
        network.advance(2 * TimerWheel.tick)
        #expect(verdict() == "passed")
    }

    @Test func aRequestIsRefusedBehindItsDelay() throws {
        let fault = try fault("{ delay: { fixed: 1s }, abort: { status: 500 } }")
        let (_, verdict) = begin(fault, Exchange(loop: network.loop))
        network.advance(.milliseconds(900))
        #expect(verdict() == "")
        network.advance(.milliseconds(200))
        #expect(verdict() == "refused")
    }

    @Test func aClientThatLeavesIsNotWaitedFor() throws {
        let (task, verdict) = begin(try fault("{ delay: { fixed: 600s }, abort: {} }"), Exchange(loop: network.loop))
        network.settle()
        task.cancel()
        network.settle()
        #expect(verdict() == "passed")
    }

    @Test func delaysLieBetweenTheirEnds() throws {
        let fault = try fault("delay: { from: 100ms, to: 2s }")
        var lengths: [UInt64] = []
        for _ in 0..<200 {
            let start = network.now
            let (_, verdict) = begin(fault, Exchange(loop: network.loop))
            while verdict().isEmpty { network.advance(TimerWheel.tick) }
            lengths.append(network.now - start)
        }
        let least = lengths.min() ?? 0, most = lengths.max() ?? 0
        #expect(least >= .milliseconds(100) && least < .milliseconds(400))
        #expect(most > .milliseconds(1700) && most < .milliseconds(2000) + 3 * TimerWheel.tick)
    }

    /// Ten standard deviations of 100,000 draws: it fails by chance never, and by mistake always.
    @Test(arguments: [0.0, 0.001, 0.25, 0.5, 1.0]) func aShareIsAShare(fraction: Double) {
        let chance = Chance(Share(fraction: fraction))
        let exchange = Exchange(loop: network.loop)
        let draws = 100_000
        let hits = (0..<draws).count { _ in chance.comes(exchange) }
        let spread = 10 * (fraction * (1 - fraction) * Double(draws)).squareRoot()
        #expect(abs(Double(hits) - fraction * Double(draws)) <= spread)
    }
}
