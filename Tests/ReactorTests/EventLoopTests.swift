import Primitives
import Reactor
import ReactorTesting
import Synchronization
import Testing

@Suite struct EventLoopTests {
    let network = MemoryNetwork()

    private final class Owner: TimerOwner {
        var fired: () -> Void = {}
        var count = 0
        func timerFired() {
            count += 1
            fired()
        }
    }

    @Test func mailComesInOrderAndOnce() {
        let seen = Mutex<[Int]>([])
        for i in 0..<5 { network.loop.post { seen.withLock { $0.append(i) } } }
        #expect(seen.withLock { $0 }.isEmpty, "posting runs nothing by itself")
        network.turn()
        network.turn()
        #expect(seen.withLock { $0 } == [0, 1, 2, 3, 4])
    }

    @Test func mailThatPostsMailKeepsTheLoopFromItsSocketsForAWhileOnly() {
        let seen = Mutex(0)
        let loop = network.loop
        @Sendable func again() {
            if seen.withLock({
                $0 += 1; return $0 < 10
            }) {
                loop.post { again() }
            }
        }
        loop.post { again() }
        network.turn()
        #expect(seen.withLock { $0 } == 4)
        network.turn()
        #expect(seen.withLock { $0 } == 8)
        network.settle()
        #expect(seen.withLock { $0 } == 10)
    }

    @Test func theWallClockIsTheBackends() {
        #expect(network.loop.httpDate.string == "Thu, 01 Jan 2026 00:00:00 GMT")
        network.advance(.milliseconds(500))
        #expect(network.loop.wallClock == 1_767_225_600_500_000_000)
        network.advance(.seconds(3600))
        #expect(network.loop.httpDate.string == "Thu, 01 Jan 2026 01:00:00 GMT")
    }

    @Test func theEndOfATurnComesAfterMailAndTimersAndBeforeTurnEnded() {
        var order: [String] = []
        let owner = Owner()
        let id = network.loop.acquireTimer()
        network.loop.own(id, by: owner)
        network.loop.arm(id, at: network.now + .milliseconds(10))
        owner.fired = { [loop = network.loop] in
            order.append("timer")
            loop.atEndOfTurn {
                order.append("end")
                loop.atEndOfTurn { order.append("end of end") }
            }
        }
        network.loop.turnEnded = { if order.count > 1 { order.append("ended") } }
        network.advance(.milliseconds(50))
        #expect(order.prefix(4) == ["timer", "end", "end of end", "ended"])
    }

    @Test func timersFireWithinATickOfTheirTime() {
        let owners = (0..<50).map { _ in Owner() }
        var late: [Nanoseconds] = []
        for (i, owner) in owners.enumerated() {
            let deadline = network.now + .milliseconds(7 * i)
            let id = network.loop.acquireTimer()
            network.loop.own(id, by: owner)
            network.loop.arm(id, at: deadline)
            owner.fired = { [loop = network.loop] in late.append(loop.now - deadline) }
        }
        network.advance(.seconds(1))
        #expect(owners.allSatisfy { $0.count == 1 })
        #expect(late.allSatisfy { $0 <= TimerWheel.tick }, "\(late.max() ?? 0)")
    }

    /// Two timers come due in the same turn, and the first one's owner changes the second.
    @Test(arguments: ["disarm", "move", "release"]) func whatATimerDoesToAnotherOfTheSameTurnCounts(_ what: String) {
        let owners = [Owner(), Owner()], stranger = Owner()
        let ids = owners.map { owner in
            let id = network.loop.acquireTimer()
            network.loop.own(id, by: owner)
            network.loop.arm(id, at: network.now + .milliseconds(1))
            return id
        }
        func change(_ other: Int) {
            guard owners[0].count + owners[1].count == 1 else { return }
            switch what {
            case "disarm": network.loop.arm(ids[other], at: .never)
            case "move": network.loop.arm(ids[other], at: network.now + .seconds(10))
            default:
                network.loop.releaseTimer(ids[other])
                let reused = network.loop.acquireTimer()
                network.loop.own(reused, by: stranger)
                network.loop.arm(reused, at: network.now + .seconds(10))
            }
        }
        owners[0].fired = { change(1) }
        owners[1].fired = { change(0) }
        network.advance(.seconds(1))
        #expect(owners[0].count + owners[1].count == 1)
        #expect(stranger.count == 0, "a timer that was armed just now has fired")
    }

    @Test func buffersComeBack() {
        let buffer = network.loop.takeBuffer()
        buffer.append("x")
        network.loop.giveBack(buffer)
        let again = network.loop.takeBuffer()
        #expect(again === buffer && again.isEmpty)
        #expect(network.loop.takeBuffer() !== again)
    }

    @Test func lagIsCounted() {
        for _ in 0..<5 { network.turn() }
        #expect(network.loop.lag.counts.reduce(0, +) == 5)
        #expect(network.loop.lag.counts[0] == 5 && network.loop.lag.longest == 0)
    }
}

/// With the real backend, on a thread of its own.
@Suite struct LoopThreadTests {
    private func withLoop<R>(_ body: (EventLoop) async throws -> R) async throws -> R {
        let loop = EventLoop(index: 0, backend: try EpollBackend())
        let thread = try LoopThread.start("test-loop") { loop.run() }
        defer {
            loop.stop()
            thread.join()
        }
        return try await body(loop)
    }

    @Test func asyncCodeStaysOnTheLoop() async throws {
        try await withLoop { loop in
            let places = await Task(executorPreference: loop) {
                var places = [loop.isCurrent]
                await Task.yield()
                places.append(loop.isCurrent)
                let answer = await withCheckedContinuation { continuation in
                    loop.post { continuation.resume(returning: 7) }
                }
                places.append(loop.isCurrent && answer == 7)
                await withTaskGroup(of: Bool.self) { group in
                    for _ in 0..<10 {
                        group.addTask {
                            await Task.yield()
                            return loop.isCurrent
                        }
                    }
                    for await place in group { places.append(place) }
                }
                return places
            }.value
            #expect(places.count == 13 && places.allSatisfy { $0 })
            #expect(!loop.isCurrent)
        }
    }

    @Test func mailFromManyThreadsArrivesOnce() async throws {
        try await withLoop { loop in
            let count = Counter()
            let done = Latch(4000)
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        for _ in 0..<1000 {
                            loop.post {
                                if loop.isCurrent { count.add() }
                                done.countDown()
                            }
                        }
                    }
                }
            }
            #expect(done.wait(timeout: .seconds(10)))
            #expect(count.value == 4000)
        }
    }

    @Test func whatIsPostedBeforeStopRuns() throws {
        let loop = EventLoop(index: 0, backend: try EpollBackend())
        let ran = Counter()
        let thread = try LoopThread.start("test-loop") { loop.run() }
        for _ in 0..<100 { loop.post { ran.add() } }
        loop.stop()
        thread.join()
        #expect(ran.value == 100)
    }
}

@Suite struct LatchTests {
    @Test func opensAtZero() throws {
        let latch = Latch(3)
        #expect(!latch.wait(timeout: 0))
        latch.countDown()
        latch.countDown()
        #expect(!latch.wait(timeout: .milliseconds(1)))
        let thread = try LoopThread.start("latch") { latch.countDown() }
        #expect(latch.wait(timeout: .seconds(10)))
        thread.join()
        #expect(latch.wait(timeout: 0), "it stays open, for everybody")
        latch.countDown()
        #expect(latch.wait())
    }
}

private final class Counter: Sendable {
    private let count = Atomic<Int>(0)
    func add() { count.add(1, ordering: .relaxed) }
    var value: Int { count.load(ordering: .relaxed) }
}
