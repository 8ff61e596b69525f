import Logging
import Reactor
import SharedState
import Synchronization

/// Bans, for the one who runs the gateway: a line each, and few lines a second, because floods come from thousands of addresses.
enum BanLog {
    private static let log = Logger(label: "guards")
    private static let linesPerSecond = 10
    private static let budget = Mutex(Budget())

    struct Budget {
        private var second: UInt64 = 0
        private var written = 0
        private(set) var left = 0

        /// Whether a line may be written in this second, counted from anywhere.
        mutating func take(second: UInt64) -> Bool {
            if second != self.second { (self.second, written) = (second, 0) }
            guard written < linesPerSecond else {
                left += 1
                return false
            }
            written += 1
            return true
        }

        /// Bans that had no line since this was last asked.
        mutating func takeLeft() -> Int {
            defer { left = 0 }
            return left
        }
    }

    static func takesOne() -> Bool { budget.withLock { $0.take(second: Instant.now.nanoseconds / 1_000_000_000) } }

    static func write(_ ban: GuardBan) {
        let left = budget.withLock { $0.takeLeft() }
        if left > 0 { log.warning("more bans have begun than are written here", metadata: ["bans": "\(left)"]) }
        log.warning(
            "banned",
            metadata: [
                "network": "\(ban.network.shortText)", "cause": "\(ban.cause.name)", "seconds": "\(ban.left / 1_000_000_000)",
                "inARow": "\(ban.strikes)",
                "connections": "\(ban.open)",
            ])
    }
}
