import Dispatch
import Foundation

/// Runs `body` on so many threads at once, more than there are cores if need be, and sums what they answer.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Int) -> Int {
    let done = DispatchGroup()
    let results = Results(count)
    for index in 0..<count {
        done.enter()
        Thread.detachNewThread {
            results.set(index, body(index))
            done.leave()
        }
    }
    done.wait()
    return results.sum
}

private final class Results: @unchecked Sendable {
    private let lock = NSLock()
    private var values: [Int]
    init(_ count: Int) { values = Array(repeating: 0, count: count) }
    func set(_ index: Int, _ value: Int) { lock.withLock { values[index] = value } }
    var sum: Int { lock.withLock { values.reduce(0, +) } }
}
