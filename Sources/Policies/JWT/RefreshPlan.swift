import Reactor

/// When a document that others publish is loaded again: decides, and does nothing itself.
struct RefreshPlan: Equatable {
    private let interval: Nanoseconds
    private let missInterval: Nanoseconds
    /// After a failure.
    private static let pause = Nanoseconds.seconds(10)

    /// From then on it is loaded anew, while what there is stays in use.
    private(set) var due = Instant(nanoseconds: 0)
    /// From then on nobody goes by what there is before it was tried to load it anew: nothing had asked for it for long.
    private(set) var stale = Instant(nanoseconds: 0)
    private var missAllowed = Instant(nanoseconds: 0)
    private(set) var isLoading = false

    /// - Parameters:
    ///   - interval: between loads.
    ///   - missInterval: between loads that only happen because something is not in the document.
    init(interval: Nanoseconds, missInterval: Nanoseconds) {
        self.interval = interval
        self.missInterval = missInterval
    }

    /// Whether whoever asks has to load it. Otherwise somebody does, or it would be too early.
    mutating func begin(now: Instant) -> Bool {
        guard !isLoading, now >= due else { return false }
        isLoading = true
        return true
    }

    /// The same when something is missing in what there is.
    mutating func beginForMiss(now: Instant) -> Bool {
        guard !isLoading, now >= missAllowed else { return false }
        missAllowed = now + missInterval
        isLoading = true
        return true
    }

    mutating func end(succeeded: Bool, now: Instant) {
        isLoading = false
        due = now + (succeeded ? interval : min(RefreshPlan.pause, interval))
        // While the publisher is down, what there is goes on.
        stale = succeeded ? due + interval : max(stale, due)
    }
}
