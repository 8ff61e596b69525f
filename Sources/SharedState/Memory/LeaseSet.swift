internal import Reactor

/// Who holds shares of one limit, and until when.
struct LeaseSet {
    private var holders: [LeaseHolder: Instant] = [:]
    /// No share is over before.
    private var soonest = Instant.never

    /// No share is over later.
    private var latest = Instant(nanoseconds: 0)

    /// When all of it may be forgotten.
    var ends: Instant { holders.isEmpty ? Instant(nanoseconds: 0) : latest }

    mutating func enter(_ request: LeaseRequest, now: Instant) -> LeaseOutcome {
        forget(now)
        let isHeld = holders[request.holder] != nil || holders.count < request.limit
        if isHeld { hold(request.holder, until: now + request.lifetime) }
        return LeaseOutcome(isHeld: isHeld, held: holders.count)
    }

    mutating func leave(_ holder: LeaseHolder) { holders[holder] = nil }

    /// A share that was lost stays lost.
    mutating func renew(_ holder: LeaseHolder, until deadline: Instant, now: Instant) {
        if let known = holders[holder], known > now { hold(holder, until: deadline) }
    }

    private mutating func hold(_ holder: LeaseHolder, until deadline: Instant) {
        holders[holder] = deadline
        soonest = min(soonest, deadline)
        latest = max(latest, deadline)
    }

    private mutating func forget(_ now: Instant) {
        guard soonest <= now else { return }
        holders = holders.filter { $0.value > now }
        soonest = holders.values.min() ?? .never
    }
}
