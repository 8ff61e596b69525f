package import Reactor

extension GossipNode {
    /// Takes in a datagram. What is not of a gateway with the key is counted, and answered with nothing.
    ///
    /// - Parameter wall: nanoseconds since 1970.
    package mutating func receive(_ datagram: [UInt8], now: Instant, wall: UInt64) {
        do throws(GossipRefusal) {
            guard let message = try open(datagram, now, wall) else { return }
            counters.received += 1
            take(message, now, wall)
        } catch {
            counters.refused[error, default: 0] += 1
        }
    }

    /// Nil for what this gateway has sent itself.
    private mutating func open(_ datagram: [UInt8], _ now: Instant, _ wall: UInt64) throws(GossipRefusal) -> GossipMessage? {
        guard datagram.count <= GossipNode.longestDatagram else { throw .malformed }
        let (sender, bytes) = try seal.open(datagram)
        guard let message = GossipMessage(bytes: bytes), message.sender.id == sender else { throw .malformed }
        guard sender != id else { return nil }
        let sent = message.sentAt, received = wall / 1_000_000
        guard max(sent, received) - min(sent, received) <= timing.skew / 1_000_000 else { throw .skewed }
        var link = links[sender] ?? Link(heard: now, key: 0, preferredKey: 0)
        guard link.window.take(message.sequence) else { throw .replayed }
        link.heard = now
        link.key = datagram[1..<5].reduce(0) { $0 << 8 | UInt32($1) }
        link.preferredKey = message.preferredKey
        links[sender] = link
        return message
    }

    private mutating func take(_ message: GossipMessage, _ now: Instant, _ wall: UInt64) {
        let sender = message.sender
        table.apply(sender, now: now)
        // One address has one process: whoever was there before is gone.
        if sender.status == .alive {
            for (other, entry) in table.others where other != sender.id && entry.record.address == sender.address { table.replaced(other, now: now) }
        }
        var isAnswered = false
        for frame in message.frames {
            switch frame {
            case .ping(let number, let target, let wantsMembers):
                guard target == nil || target == id, table.me.status == .alive else { continue }
                send([.ack(number: number)], to: sender, wall: wall)
                isAnswered = true
                if wantsMembers { sendMembers(to: sender, wall: wall) }
            case .ack(let number): acknowledge(number, wall)
            case .pingRequest(let number, let target, let address): relay(number, target, address, for: sender, now, wall)
            case .members(let records): for record in records { table.apply(record, now: now) }
            case .payload(let channel, let bytes): input.append(GossipPayload(sender: sender.id, channel: channel, bytes: bytes))
            }
        }
        // One that lives and is believed not to has to hear of it.
        if !isAnswered, sender.status == .alive, let known = table.record(sender.id), known.status != .alive { send([], to: sender, wall: wall) }
    }

    private mutating func acknowledge(_ number: UInt32, _ wall: UInt64) {
        if probe?.number == number {
            probe?.isAnswered = true
        } else if let relay = relays.removeValue(forKey: number) {
            send([.ack(number: relay.number)], to: relay.requester, wall: wall)
        }
    }

    private mutating func relay(
        _ number: UInt32, _ target: MemberID, _ address: SocketAddress, for requester: MemberRecord, _ now: Instant, _ wall: UInt64
    ) {
        // Only members are asked, so nobody can have datagrams sent to others.
        guard let member = table.record(target), member.address == address, relays.count < MemberTable.most else { return }
        let own = takeNumber()
        relays[own] = Relay(requester: requester, number: number, until: now + timing.period)
        send([.ping(number: own, target: target, wantsMembers: false)], to: member, wall: wall)
    }

    mutating func takeNumber() -> UInt32 {
        number &+= 1
        return number
    }
}
