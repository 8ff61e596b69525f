import Synchronization
import Testing

@testable import Identity

@Suite struct SerialWorkerTests {
    private final class Noted: Sendable {
        private let numbers = Mutex<[Int]>([])
        private let running = Mutex((now: 0, most: 0))

        func note(_ number: Int) -> Int {
            running.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
            numbers.withLock { $0.append(number) }
            running.withLock { $0.now -= 1 }
            return number
        }

        var all: [Int] { numbers.withLock { $0 } }
        var mostAtOnce: Int { running.withLock { $0.most } }
    }

    @Test func doesOnePieceAfterTheOther() async {
        let worker = SerialWorker("test"), noted = Noted()
        let results = await withTaskGroup(of: Int?.self) { group in
            for i in 0..<20 { group.addTask { await worker.run { noted.note(i) } } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.compactMap { $0 }.sorted() == Array(0..<20) && noted.all.sorted() == Array(0..<20) && noted.mostAtOnce == 1)
    }

    @Test func refusesWhenTooMuchWaits() async {
        #expect(await SerialWorker("test", limit: 0).run { 1 } == nil)
        #expect(await SerialWorker("test", limit: 1).run { 1 } == 1)
    }
}
