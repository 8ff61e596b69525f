package import Reactor

extension MemoryStore {
    package func enterNow(_ request: LeaseRequest, now: Instant) -> LeaseOutcome? {
        leases.with(request.key) { table in
            let known = table.update(request.key, now: now.nanoseconds) { set in
                let outcome = set.enter(request, now: now)
                return (outcome, set.ends.nanoseconds)
            }
            if let known { return known }
            var set = LeaseSet()
            let outcome = set.enter(request, now: now)
            if outcome.isHeld { table.set(request.key, set, ends: set.ends.nanoseconds, now: now.nanoseconds) }
            return outcome
        }
    }

    package func enter(_ request: LeaseRequest, on loop: EventLoop) async -> Result<LeaseOutcome, StoreError> {
        .success(enterNow(request, now: loop.now) ?? LeaseOutcome(isHeld: false, held: 0))
    }

    package func leave(_ key: [UInt8], _ holder: LeaseHolder, on loop: EventLoop) {
        leases.with(key) { table in
            _ = table.update(key, now: loop.now.nanoseconds) { set in
                set.leave(holder)
                return ((), set.ends.nanoseconds)
            }
        }
    }

    package func renew(_ key: [UInt8], _ holders: [LeaseHolder], lifetime: Nanoseconds, on loop: EventLoop) {
        let now = loop.now
        leases.with(key) { table in
            _ = table.update(key, now: now.nanoseconds) { set in
                for holder in holders { set.renew(holder, until: now + lifetime, now: now) }
                return ((), set.ends.nanoseconds)
            }
        }
    }
}
