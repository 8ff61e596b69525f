import Reactor
import ReactorTesting
import Synchronization
import Testing

@Suite struct EventLoopSleepTests {
    let network = MemoryNetwork()

    /// What a sleep has answered; nil while it lasts.
    private final class Outcome: Sendable {
        private let value = Mutex<Bool?>(nil)
        var slept: Bool? { value.withLock { $0 } }
        func set(_ slept: Bool) { value.withLock { $0 = slept } }
    }

    private func sleep(_ duration: Nanoseconds, _ outcome: Outcome) -> Task<Void, Never> {
        let loop = network.loop
        return Task(executorPreference: loop) { outcome.set(await loop.sleep(for: duration)) }
    }

    @Test func lastsUntilTheTimeIsOver() {
        let outcome = Outcome()
        _ = sleep(.milliseconds(200), outcome)
        network.advance(.milliseconds(199))
        #expect(outcome.slept == nil)
        network.advance(2 * TimerWheel.tick)
        #expect(outcome.slept == true)
    }

    @Test func theLoopGoesOnMeanwhile() {
        let long = Outcome(), short = Outcome()
        _ = sleep(.seconds(60), long)
        _ = sleep(.milliseconds(20), short)
        network.advance(.seconds(1))
        #expect(short.slept == true && long.slept == nil)
        network.advance(.seconds(60))
        #expect(long.slept == true)
    }

    @Test func endsAtOnceWhenItsTaskIsCancelled() {
        let outcome = Outcome()
        let task = sleep(.seconds(60), outcome)
        network.settle()
        task.cancel()
        network.settle()
        #expect(outcome.slept == false)
        // The timer is gone: its time does not wake anybody.
        network.advance(.seconds(120))
        #expect(outcome.slept == false)
    }

    @Test func doesNotBeginInACancelledTask() {
        let outcome = Outcome()
        let task = sleep(.seconds(60), outcome)
        task.cancel()
        network.settle()
        #expect(outcome.slept == false)
    }

    /// Timers are given back: a thousand sleeps, one after the other, need no more of them than one.
    @Test func timersAreUsedAgain() {
        let first = network.loop.acquireTimer()
        network.loop.releaseTimer(first)
        for i in 0..<1000 {
            let outcome = Outcome()
            let task = sleep(.milliseconds(10), outcome)
            network.settle()
            if i % 2 == 0 { task.cancel() } else { network.advance(2 * TimerWheel.tick) }
            network.settle()
            #expect(outcome.slept == (i % 2 != 0))
        }
        #expect(network.loop.acquireTimer() == first)
    }
}
