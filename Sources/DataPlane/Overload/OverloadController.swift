import Model
import Reactor

/// How much of the load an event loop refuses because it can't keep up. Pure.
///
/// What counts is the shortest turn of each tenth of a second: a burst makes one turn long, but only a queue that stands makes
/// all of them long (as in CoDel, RFC 8289). The level rises by steps while that is so, and falls more slowly: up to 1 it is the
/// share of requests of low importance that is refused, and above that the share of normal ones. Some of those always pass.
struct OverloadController {
    /// 0 to 2.
    private(set) var level = 0.0
    /// Refused requests: of low importance, normal.
    private(set) var shed: (low: UInt64, normal: UInt64) = (0, 0)
    private let queueDelay: Nanoseconds
    private let cpu: Double?
    private var shortest = Nanoseconds.max
    private var began = Instant(nanoseconds: 0)
    private var worked: Nanoseconds = 0

    private static let interval: Nanoseconds = .milliseconds(100)
    private static let rise = 0.1
    private static let fall = 0.05
    private static let mostNormal = 0.9

    init(queueDelay: Nanoseconds, cpu: Double?) {
        self.queueDelay = queueDelay
        self.cpu = cpu
    }

    /// A turn of the loop has ended.
    ///
    /// - Parameters:
    ///   - length: how long it took without waiting.
    ///   - work: how long the thread has worked so far.
    mutating func turn(_ length: Nanoseconds, _ now: Instant, work: () -> Nanoseconds) {
        shortest = min(shortest, length)
        let passed = now - began
        guard passed >= OverloadController.interval else { return }
        let total = cpu == nil ? 0 : work()
        let share = Double(total &- worked) / Double(passed)
        // The first time nobody knows since when.
        let isBusy = began.nanoseconds > 0 && cpu.map { share > $0 } ?? false
        if shortest > queueDelay || isBusy {
            level = min(2, level + OverloadController.rise)
        } else {
            level = max(0, level - OverloadController.fall * Double(passed) / Double(OverloadController.interval))
        }
        began = now
        worked = total
        shortest = .max
    }

    /// Whether a request is let in.
    ///
    /// - Parameter chance: evenly spread from 0 to 1.
    mutating func admits(_ importance: Importance, chance: Double) -> Bool {
        switch importance {
        case .critical: return true
        case .low:
            if chance >= level { return true }
            shed.low &+= 1
        case .normal:
            if chance >= min(level - 1, OverloadController.mostNormal) { return true }
            shed.normal &+= 1
        }
        return false
    }
}
