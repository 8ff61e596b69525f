import Reactor
import Synchronization

/// Work that waits for others, on a few threads.
enum Parallel {
    /// The results in the order of the items. The caller's thread works too, so nothing is lost where no thread can be had.
    static func map<Item: Sendable, Result: Sendable>(
        _ items: [Item], width: Int = 8, _ body: @escaping @Sendable (Item) -> Result
    ) -> [Result] {
        let work = Work<Result>(count: items.count)
        let run: @Sendable () -> Void = {
            while let i = work.next() { work.set(body(items[i]), at: i) }
        }
        let helpers = (1..<max(1, min(width, items.count))).compactMap { try? LoopThread.start("secrets-\($0)", run) }
        run()
        for helper in helpers { helper.join() }
        return work.all
    }

    private final class Work<Result: Sendable>: Sendable {
        private let taken = Atomic<Int>(0)
        private let results: Mutex<[Result?]>
        private let count: Int

        init(count: Int) {
            self.count = count
            results = Mutex(Array(repeating: nil, count: count))
        }

        func next() -> Int? {
            let i = taken.wrappingAdd(1, ordering: .relaxed).oldValue
            return i < count ? i : nil
        }

        func set(_ result: Result, at i: Int) { results.withLock { $0[i] = result } }
        var all: [Result] { results.withLock { $0.compactMap { $0 } } }
    }
}
