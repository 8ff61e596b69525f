import Reactor
import SharedState

/// What one window has to decide, worked out anew each time from everything that was ever allowed. Slow and plain, and of other
/// formulas than the code: a bucket of tokens for the theoretical arrival time, the whole log for the ring of groups.
struct ReferenceModel {
    struct Take {
        let cost: Int
        let now: UInt64, wall: UInt64
    }

    let window: RateWindow
    let algorithm: RateAlgorithm
    private(set) var log: [Take] = []

    init(_ window: RateWindow, _ algorithm: RateAlgorithm) {
        self.window = window
        self.algorithm = algorithm
    }

    /// Units that may be spent at `now`. How long the log of `sliding` counts a unit can be stretched by `late`.
    func free(now: UInt64, wall: UInt64, late: UInt64 = 0) -> Int {
        switch algorithm {
        case .gcra: Int(max(0, tokens(now)) / Int128(window.period))
        case .sliding: window.limit - spent(since: max(now, log.last?.now ?? 0), window.period + late)
        case .fixed: window.limit - inWindow(wall)
        }
    }

    mutating func record(_ cost: Int, now: UInt64, wall: UInt64) {
        let now = algorithm == .sliding ? max(now, log.last?.now ?? 0) : now
        log.append(Take(cost: cost, now: now, wall: wall))
    }

    /// Most units that were allowed in any interval of one period, its end left out.
    var mostInOnePeriod: Int {
        log.indices.map { first in
            log[first...].prefix { $0.now < log[first].now + window.period }.reduce(0) { $0 + $1.cost }
        }.max() ?? 0
    }

    private func spent(since now: UInt64, _ period: UInt64) -> Int {
        log.filter { $0.now + period > now }.reduce(0) { $0 + $1.cost }
    }

    private func inWindow(_ wall: UInt64) -> Int {
        log.filter { $0.wall / window.period == wall / window.period }.reduce(0) { $0 + $1.cost }
    }

    /// A bucket of `burst` tokens of `period` parts each, which gains `limit` parts a nanosecond, and lends them to a clock that
    /// goes back.
    private func tokens(_ now: UInt64) -> Int128 {
        let full = Int128(window.burst) * Int128(window.period)
        var parts = full, stamp = log.first?.now ?? now
        for take in log {
            parts = refill(parts, stamp, take.now, full) - Int128(take.cost) * Int128(window.period)
            stamp = take.now
        }
        return refill(parts, stamp, now, full)
    }

    private func refill(_ parts: Int128, _ from: UInt64, _ to: UInt64, _ full: Int128) -> Int128 {
        min(full, parts + (Int128(to) - Int128(from)) * Int128(window.limit))
    }
}
