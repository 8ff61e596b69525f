package import Reactor

/// What a limiter says about one request. If it has several windows, all of them took the cost or none did, and the figures
/// are those of the most constraining: when allowed the one with least left, when refused the one that takes longest.
package struct RateDecision: Equatable, Sendable {
    package var allowed: Bool
    /// Index of the window that the figures are about.
    package var window: Int
    /// Units left in it after this request: `r` of draft-ietf-httpapi-ratelimit-headers-10 §4.1.1.
    package var remaining: Int
    /// Until it has more units to give than now, 0 if nothing is spent: `t` of §4.1.2.
    package var reset: Nanoseconds
    /// Until the same cost would be allowed if nobody else came: 0 if it was, `never` if it is more than the window ever has.
    package var retryAfter: Nanoseconds
    /// One bit for each window that refused, the first lowest: for `violated-policies` of §5.1.
    package var refusing: UInt32

    package static let never = Nanoseconds.max
}

/// What one window says about a cost, without having taken it.
struct WindowVerdict: Equatable {
    var allowed: Bool
    /// Left after the cost was taken, if it would be; left now otherwise.
    var remaining: UInt64
    var reset: Nanoseconds
    var retryAfter: Nanoseconds
    /// Until the state says nothing any more, so that it may be forgotten.
    var drained: Nanoseconds
}
