private import Glibc

/// A point of the monotonic clock, in nanoseconds since some start.
package struct Instant: Comparable, Hashable, Sendable {
    package var nanoseconds: UInt64

    package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// Later than every other: a deadline that never comes.
    package static let never = Instant(nanoseconds: .max)

    package static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }

    package static func + (a: Instant, b: Nanoseconds) -> Instant {
        let (sum, overflow) = a.nanoseconds.addingReportingOverflow(b)
        return overflow ? .never : Instant(nanoseconds: sum)
    }

    /// Nanoseconds from `b` to `a`; 0 when `b` is later.
    package static func - (a: Instant, b: Instant) -> Nanoseconds {
        a.nanoseconds > b.nanoseconds ? a.nanoseconds - b.nanoseconds : 0
    }

    /// The clock of the machine (`CLOCK_MONOTONIC`).
    package static var now: Instant { Instant(nanoseconds: read(CLOCK_MONOTONIC)) }

    /// How long the calling thread has worked, nanoseconds (`CLOCK_THREAD_CPUTIME_ID`).
    package static var threadTime: Nanoseconds { read(CLOCK_THREAD_CPUTIME_ID) }

    /// Holds the thread for so long, at most a second.
    package static func pass(_ length: Nanoseconds) {
        var time = timespec(tv_sec: 0, tv_nsec: Int(min(length, 999_999_999)))
        unsafe clock_nanosleep(CLOCK_MONOTONIC, 0, &time, nil)
    }

    /// Nanoseconds since 1970 (`CLOCK_REALTIME`).
    package static var wallClock: UInt64 { read(CLOCK_REALTIME) }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// A length of time.
package typealias Nanoseconds = UInt64

extension Nanoseconds {
    package static func milliseconds(_ n: Int) -> Nanoseconds { UInt64(Swift.max(0, n)) * 1_000_000 }
    package static func seconds(_ n: Int) -> Nanoseconds { UInt64(Swift.max(0, n)) * 1_000_000_000 }
}

extension Duration {
    /// Whole nanoseconds; 0 for negative lengths.
    package var nanoseconds: Nanoseconds {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (product, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : product &+ UInt64(attoseconds / 1_000_000_000)
    }
}
