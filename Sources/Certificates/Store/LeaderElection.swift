internal import Reactor

/// Decides which of several gateways asks the authorities: one at a time. Pure.
///
/// The leader changes its lease all the time. Whoever has seen no change for as long as a lease lasts, by its own monotonic
/// clock, takes over: clocks that differ between machines do no harm. Two leaders for a moment, as when one was stopped by a
/// debugger, would cost a certificate too many and nothing else.
struct LeaderElection {
    struct Lease: Equatable, Sendable {
        /// Empty: given back.
        var holder: String
        /// Counts its renewals.
        var beat: Int
    }

    let me: String
    let lifetime: Nanoseconds
    private var seen: (lease: Lease, at: Instant)?
    private var leadsUntil = Instant(nanoseconds: 0)

    init(me: String, lifetime: Nanoseconds) {
        self.me = me
        self.lifetime = lifetime
    }

    func leads(_ now: Instant) -> Bool { now < leadsUntil }

    /// What is to be written, for the lease that is there; nil: somebody else leads.
    mutating func step(_ lease: Lease?, now: Instant) -> Lease? {
        guard let lease, !lease.holder.isEmpty else { return take(beat: lease?.beat ?? 0, now) }
        if lease.holder == me { return take(beat: lease.beat, now) }
        leadsUntil = Instant(nanoseconds: 0)
        if let seen, seen.lease == lease { return now - seen.at >= lifetime ? take(beat: lease.beat, now) : nil }
        seen = (lease, now)
        return nil
    }

    private mutating func take(beat: Int, _ now: Instant) -> Lease {
        leadsUntil = now + lifetime
        seen = nil
        return Lease(holder: me, beat: beat &+ 1)
    }

    /// What is written at the end; nil when there is nothing to give back.
    mutating func release(_ lease: Lease?) -> Lease? {
        leadsUntil = Instant(nanoseconds: 0)
        guard let lease, lease.holder == me else { return nil }
        return Lease(holder: "", beat: lease.beat &+ 1)
    }
}
