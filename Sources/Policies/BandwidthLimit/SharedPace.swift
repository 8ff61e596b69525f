import GatewayCore
import Primitives
import Reactor
import Synchronization

/// The pace of one exchange by itself.
final class OwnPace: BodyPace {
    private var clock: PaceClock
    private let waits: PaceWaits

    init(_ clock: PaceClock, _ waits: PaceWaits) {
        self.clock = clock
        self.waits = waits
    }

    var slice: Int { clock.slice }

    func reserve(_ count: Int, now: Instant) -> Instant {
        let start = clock.reserve(count, now: now)
        waits.note(start > now)
        return start
    }
}

/// How often a slice had to wait, whoever's it was.
final class PaceWaits: Sendable {
    private let waited = Atomic<UInt64>(0)

    var count: UInt64 { waited.load(ordering: .relaxed) }

    func note(_ hasWaited: Bool) {
        if hasWaited { waited.wrappingAdd(1, ordering: .relaxed) }
    }
}

/// A pace that the exchanges of one key share, on whichever event loop they are: each slice takes its turn behind those of the others.
final class SharedPace: Sendable {
    private let clock: Mutex<PaceClock>
    /// Exchanges that keep to it now.
    fileprivate let users = Atomic<Int>(0)

    init(_ clock: PaceClock) { self.clock = Mutex(clock) }

    /// The more share it, the less each passes at a time, so that none stands still for long.
    var slice: Int { max(512, clock.withLock { $0.slice } / max(1, users.load(ordering: .relaxed))) }

    func reserve(_ count: Int, now: Instant) -> Instant { clock.withLock { $0.reserve(count, now: now) } }

    func isForgettable(_ now: Instant) -> Bool { users.load(ordering: .relaxed) == 0 && clock.withLock { $0.isIdle(now) } }
}

/// One exchange's part in a shared pace.
final class PaceShare: BodyPace {
    private let pace: SharedPace
    private let waits: PaceWaits

    /// Made under the lock of the table, so that no pace is forgotten that somebody has just found.
    fileprivate init(_ pace: SharedPace, _ waits: PaceWaits) {
        self.pace = pace
        self.waits = waits
        pace.users.wrappingAdd(1, ordering: .relaxed)
    }

    deinit { pace.users.wrappingSubtract(1, ordering: .relaxed) }

    var slice: Int { pace.slice }

    func reserve(_ count: Int, now: Instant) -> Instant {
        let start = pace.reserve(count, now: now)
        waits.note(start > now)
        return start
    }
}

/// The shared paces of one direction, by key. What is remembered are the keys of exchanges in flight, and those that have just ended.
final class PaceTable: Sendable {
    private struct Paces {
        var all: [[UInt8]: SharedPace] = [:]
        /// With so many it is time to look for those that nobody needs.
        var sweepAt = PaceTable.leastSweep
    }

    private static let leastSweep = 256
    private let rate: Int
    private let burst: Int
    private let paces = Mutex(Paces())

    init(rate: Int, burst: Int) {
        self.rate = rate
        self.burst = burst
    }

    var count: Int { paces.withLock { $0.all.count } }

    func share(of key: ByteView, _ waits: PaceWaits, now: Instant) -> PaceShare {
        let key = key.array
        return paces.withLock { paces in
            if let known = paces.all[key] { return PaceShare(known, waits) }
            if paces.all.count >= paces.sweepAt {
                paces.all = paces.all.filter { !$0.value.isForgettable(now) }
                paces.sweepAt = max(PaceTable.leastSweep, paces.all.count * 2)
            }
            let pace = SharedPace(PaceClock(rate: rate, burst: burst, now: now))
            paces.all[key] = pace
            return PaceShare(pace, waits)
        }
    }
}
