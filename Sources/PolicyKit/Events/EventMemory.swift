import Synchronization

/// Remembers what has been told, so that each thing is told once for each key and window, however many requests it concerns.
package final class EventMemory: Sendable {
    private struct Key: Hashable {
        let about: [UInt8]
        let what: UInt64
    }

    /// When each is over, in nanoseconds since 1970.
    private let told = Mutex<[Key: UInt64]>([:])
    private let capacity: Int

    /// - Parameter capacity: things remembered at most; beyond, those that are over are forgotten, or else all.
    package init(capacity: Int = 10_000) { self.capacity = max(1, capacity) }

    /// True if this has not been told of `about` yet, or the time that it was told for is over. It counts as told then.
    ///
    /// - Parameters:
    ///   - about: the key and the window.
    ///   - what: which of the things that can be told of them.
    ///   - ends: until when it need not be told again, and `wall`, now: nanoseconds since 1970.
    package func isNew(_ about: [UInt8], _ what: UInt64, ends: UInt64, wall: UInt64) -> Bool {
        told.withLock { told in
            let key = Key(about: about, what: what)
            if let end = told[key], end > wall { return false }
            if told.count >= capacity {
                told = told.filter { $0.value > wall }
                if told.count >= capacity { told = [:] }
            }
            told[key] = ends
            return true
        }
    }
}
