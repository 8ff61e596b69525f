package import Reactor

extension GossipNode {
    /// When `advance` has something to do.
    package var deadline: Instant { min(nextProbe, nextRetry, probe?.helpAt ?? .never, table.nextExpiry) }

    /// Does what is due.
    package mutating func advance(now: Instant, wall: UInt64) {
        guard table.me.status == .alive else { return }
        table.expire(now: now)
        if let helpAt = probe?.helpAt, now >= helpAt { askForHelp(wall) }
        if now >= nextProbe {
            nextProbe = now + timing.period
            conclude(now)
            begin(now, wall)
        }
        if now >= nextRetry {
            nextRetry = now + timing.retry
            retry(wall)
            forget(now)
        }
    }

    private mutating func begin(_ now: Instant, _ wall: UInt64) {
        guard let target = nextTarget() else { return }
        let number = takeNumber()
        probe = Probe(target: target.id, number: number, helpAt: now + timing.timeout)
        send([.ping(number: number, target: target.id, wantsMembers: false)], to: target, wall: wall)
    }

    /// Everybody is asked once before anybody is asked twice, in an order of chance.
    private mutating func nextTarget() -> MemberRecord? {
        for _ in 0..<2 {
            while let next = order.popLast() {
                if let record = table.record(next), record.status.isPresent { return record }
            }
            order = table.present.map(\.id).shuffled(using: &random)
        }
        return nil
    }

    private mutating func askForHelp(_ wall: UInt64) {
        probe?.helpAt = nil
        guard let probe, !probe.isAnswered, let target = table.record(probe.target) else { return }
        let helpers = table.present.filter { $0.id != probe.target && $0.status == .alive }.shuffled(using: &random).prefix(timing.helpers)
        for helper in helpers {
            send([.pingRequest(number: probe.number, target: target.id, address: target.address)], to: helper, wall: wall)
        }
    }

    private mutating func conclude(_ now: Instant) {
        if let probe, !probe.isAnswered { table.suspect(probe.target, now: now) }
        probe = nil
    }

    /// Looks for others at the seeds where nobody is known to be, and for one of those who have vanished: the network may be whole again.
    private mutating func retry(_ wall: UInt64) {
        let known = Set(table.present.map(\.address))
        var addresses = seeds.filter { !known.contains($0) }
        if let vanished = table.missing.randomElement(using: &random), !addresses.contains(vanished.address) { addresses.append(vanished.address) }
        for address in addresses { send([.ping(number: takeNumber(), target: nil, wantsMembers: true)], to: address, wall: wall) }
    }

    private mutating func forget(_ now: Instant) {
        relays = relays.filter { $0.value.until > now }
        // Whatever was sent before is too old by then to be taken a second time.
        links = links.filter { id, link in table.record(id) != nil || now - link.heard < 3 * timing.skew }
    }
}
