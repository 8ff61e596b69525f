import GatewayCore
import Primitives
import Reactor
import ReactorTesting
import Synchronization
import Testing

@testable import Policies

@Suite struct LimitQueueTests {
    private let network = MemoryNetwork()
    private let queue = LimitQueue()

    private final class Log: Sendable {
        private let entries = Mutex<[String]>([])
        var all: [String] { entries.withLock { $0 } }
        func add(_ entry: String) { entries.withLock { $0.append(entry) } }
    }

    /// A request waits; each time that it is its turn, `tries` says whether it may pass, and how long it waits otherwise.
    private func wait(
        _ name: String, _ log: Log, key: String = "k", size: Int = 10, longest: Nanoseconds = .seconds(10), tries: [Nanoseconds] = []
    ) -> Task<Void, Never> {
        nonisolated(unsafe) let exchange = Exchange(loop: network.loop)
        let queue = queue
        let task = Task(executorPreference: network.loop) {
            guard let place = unsafe queue.join(Array(key.utf8), exchange, size: size, longest: longest) else { return log.add("\(name) full") }
            defer { queue.leave(place) }
            var pauses = tries[...]
            var pause: Nanoseconds = 0
            while true {
                let turn = await place.turn(after: pause)
                log.add("\(name) \(turn)")
                guard turn == .turn, let next = pauses.popFirst() else { return }
                pause = next
            }
        }
        network.settle()
        return task
    }

    @Test func theFirstAsksAndTheOthersWait() {
        let log = Log()
        _ = wait("a", log, tries: [.seconds(1), .seconds(1)])
        _ = wait("b", log)
        _ = wait("c", log)
        #expect(log.all == ["a turn"])
        #expect("k".withView { queue.isWaiting($0) } && !"other".withView { queue.isWaiting($0) })
        network.advance(.milliseconds(1040))
        #expect(log.all == ["a turn", "a turn"])
        network.advance(.milliseconds(1040))
        #expect(log.all == ["a turn", "a turn", "a turn", "b turn", "c turn"])
        #expect(queue.count == 0 && !"k".withView { queue.isWaiting($0) })
    }

    @Test func aNudgeIsATurn() {
        let log = Log()
        _ = wait("a", log, longest: .seconds(100), tries: [.max])
        #expect(log.all == ["a turn"])
        queue.nudge(Array("other".utf8))
        network.settle()
        #expect(log.all == ["a turn"])
        queue.nudge(Array("k".utf8))
        network.settle()
        #expect(log.all == ["a turn", "a turn"])
    }

    @Test func linesAreBounded() {
        let log = Log()
        _ = wait("a", log, size: 2, tries: [.seconds(5)])
        _ = wait("b", log, size: 2)
        _ = wait("c", log, size: 2)
        _ = wait("d", log, key: "other", size: 2)
        #expect(log.all == ["a turn", "c full", "d turn"])
    }

    @Test func whoWaitsForTooLongIsLate() {
        let log = Log()
        _ = wait("a", log, longest: .seconds(9), tries: [.seconds(20)])
        _ = wait("b", log, longest: .seconds(1))
        network.advance(.milliseconds(1040))
        #expect(log.all == ["a turn", "b late"])
        network.advance(.seconds(8))
        #expect(log.all == ["a turn", "b late", "a late"])
        #expect(queue.count == 0)
    }

    @Test func whoLeavesLetsOthersCloser() {
        let log = Log()
        let a = wait("a", log, tries: [.seconds(5)]), b = wait("b", log)
        _ = wait("c", log)
        b.cancel()
        network.settle()
        #expect(log.all == ["a turn", "b cancelled"] && queue.count == 2)
        a.cancel()
        network.settle()
        #expect(log.all == ["a turn", "b cancelled", "a cancelled", "c turn"] && queue.count == 0)
    }
}
