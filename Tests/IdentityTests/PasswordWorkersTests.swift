import Reactor
import Synchronization
import Testing

@testable import Identity

@Suite struct PasswordWorkersTests {
    private let hash: PasswordHash
    private let otherHash: PasswordHash

    init() throws {
        hash = try PasswordHash(parsing: "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")
        otherHash = try PasswordHash(parsing: "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK")
    }

    private func key(_ number: UInt64) -> CredentialKey { CredentialKey(words: (number, 0, 0, 0)) }

    /// A check that says when it begins, and waits until it is let go.
    private final class Gate: Sendable {
        let began = Latch(1)
        let open = Latch(1)
        let checks = Atomic<Int>(0)

        @Sendable func check(_ hash: PasswordHash, _ password: [UInt8]) -> Bool {
            checks.add(1, ordering: .relaxed)
            began.countDown()
            return open.wait(timeout: .seconds(30)) && password == [1]
        }
    }

    private final class Results: Sendable {
        private let values = Mutex<[VerifyResult]>([])
        private let all: Latch
        init(_ count: Int) { all = Latch(count) }

        @Sendable func add(_ result: VerifyResult) {
            values.withLock { $0.append(result) }
            all.countDown()
        }

        func wait() -> [VerifyResult]? { all.wait(timeout: .seconds(30)) ? values.withLock { $0 } : nil }
        var now: [VerifyResult] { values.withLock { $0 } }
    }

    @Test func theRealThing() async {
        let workers = PasswordWorkers(threads: 2)
        #expect(await workers.verify(key: key(1), hash: hash, password: Array("U*U".utf8)) == .matches)
        #expect(await workers.verify(key: key(2), hash: hash, password: Array("U*U*".utf8)) == .differs)
        workers.close()
        #expect(await workers.verify(key: key(1), hash: hash, password: Array("U*U".utf8)) == .busy)
    }

    @Test func theSameIsVerifiedOnce() {
        let gate = Gate(), results = Results(100)
        let workers = PasswordWorkers(threads: 1, limit: 1, check: gate.check)
        workers.verify(key: key(1), hash: hash, password: [1], results.add)
        #expect(gate.began.wait(timeout: .seconds(30)))
        // While it runs; then another that waits, and those who join it there.
        for _ in 1..<50 { workers.verify(key: key(1), hash: hash, password: [1], results.add) }
        for _ in 0..<50 { workers.verify(key: key(2), hash: hash, password: [1], results.add) }
        #expect(workers.depth == 1 && results.now.isEmpty)
        gate.open.countDown()
        #expect(results.wait() == [VerifyResult](repeating: .matches, count: 100))
        #expect(gate.checks.load(ordering: .relaxed) == 2)
    }

    @Test func aChangedHashIsOtherWork() {
        let gate = Gate(), results = Results(2)
        let workers = PasswordWorkers(threads: 1, limit: 4, check: gate.check)
        workers.verify(key: key(1), hash: hash, password: [1], results.add)
        workers.verify(key: key(1), hash: otherHash, password: [1], results.add)
        gate.open.countDown()
        #expect(results.wait()?.count == 2)
        #expect(gate.checks.load(ordering: .relaxed) == 2)
    }

    @Test func aFullQueueIsBusy() {
        let gate = Gate(), results = Results(3), refused = Results(1)
        let workers = PasswordWorkers(threads: 1, limit: 2, check: gate.check)
        workers.verify(key: key(0), hash: hash, password: [1], results.add)
        #expect(gate.began.wait(timeout: .seconds(30)))
        workers.verify(key: key(1), hash: hash, password: [1], results.add)
        workers.verify(key: key(2), hash: hash, password: [2], results.add)
        workers.verify(key: key(3), hash: hash, password: [1], refused.add)
        #expect(refused.now == [.busy], "at once")
        gate.open.countDown()
        #expect(results.wait() == [.matches, .matches, .differs])
    }

    @Test func closingAnswersWhatWaitsAndFinishesWhatRuns() {
        let gate = Gate(), running = Results(1), waiting = Results(2)
        let workers = PasswordWorkers(threads: 1, limit: 4, check: gate.check)
        workers.verify(key: key(0), hash: hash, password: [1], running.add)
        #expect(gate.began.wait(timeout: .seconds(30)))
        workers.verify(key: key(1), hash: hash, password: [1], waiting.add)
        workers.verify(key: key(1), hash: hash, password: [1], waiting.add)
        workers.close()
        workers.close()
        #expect(waiting.now == [.busy, .busy] && running.now.isEmpty)
        gate.open.countDown()
        #expect(running.wait() == [.matches])
    }

    /// The threads hold what they check with; it goes when they have ended.
    @Test func threadsEndWithTheirOwner() {
        final class Witness: Sendable {
            let gone: Latch
            init(_ gone: Latch) { self.gone = gone }
            deinit { gone.countDown() }
        }
        let gone = Latch(1), results = Results(1)
        do {
            let witness = Witness(gone)
            let workers = PasswordWorkers(threads: 2, limit: 4) { _, _ in withExtendedLifetime(witness) { true } }
            workers.verify(key: key(0), hash: hash, password: [1], results.add)
        }
        #expect(results.wait()?.count == 1)
        #expect(gone.wait(timeout: .seconds(30)))
    }

    @Test func theQueueDecides() throws {
        var queue = VerificationQueue<Int>(limit: 2)
        #expect(queue.submit(key: key(1), hash: hash, password: [1], 10) == .queued)
        #expect(queue.submit(key: key(2), hash: hash, password: [2], 20) == .queued)
        #expect(queue.submit(key: key(3), hash: hash, password: [3], 30) == .busy)
        #expect(queue.submit(key: key(2), hash: hash, password: [2], 21) == .joined)
        let next = queue.next(), first = try #require(next)
        #expect(first.password == [1] && queue.depth == 1)
        #expect(queue.submit(key: key(1), hash: hash, password: [1], 11) == .joined)
        #expect(queue.submit(key: key(1), hash: otherHash, password: [1], 12) == .queued)
        #expect(queue.finish(first.id) == [10, 11] && queue.finish(first.id) == [])
        #expect(queue.next()?.password == [2])
        #expect(queue.close() == [12])
        #expect(queue.next() == nil && queue.submit(key: key(1), hash: hash, password: [1], 13) == .busy)
    }
}
