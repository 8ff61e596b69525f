internal import Reactor

extension GossipNode {
    /// Sends frames to a member, and what news there is room for.
    mutating func send(_ frames: [GossipFrame], to member: MemberRecord, wall: UInt64, fillers: Int = GossipNode.fillers) {
        let message = compose(frames, about: table.record(member.id), wall, fillers)
        guard let link = links[member.id] else { return sendToStranger(message, member.address) }
        // What it would rather use, if this gateway has it, else what it has used.
        seal(message, with: seal.keys.key(link.preferredKey) ?? seal.keys.key(link.key) ?? seal.keys.primary, to: member.address)
    }

    /// Sends frames to whoever is at an address.
    mutating func send(_ frames: [GossipFrame], to address: SocketAddress, wall: UInt64) {
        sendToStranger(compose(frames, about: nil, wall, GossipNode.fillers), address)
    }

    /// Nobody knows which of the keys it has.
    private mutating func sendToStranger(_ message: GossipMessage, _ address: SocketAddress) {
        seal(message, with: seal.keys.primary, to: address)
        guard let previous = seal.keys.previous else { return }
        sequence += 1
        var again = message
        again.sequence = sequence
        seal(again, with: previous, to: address)
    }

    private mutating func compose(_ frames: [GossipFrame], about receiver: MemberRecord?, _ wall: UInt64, _ fillers: Int) -> GossipMessage {
        sequence += 1
        var message = GossipMessage(
            preferredKey: seal.keys.primary.id, sequence: sequence, sentAt: wall / 1_000_000, sender: table.me, frames: frames)
        let left = GossipNode.longestDatagram - GossipSeal.overhead - message.bytes.count - GossipFrame.overhead
        var most = left / MemberRecord.longest
        guard most > 0 else { return message }
        var records: [MemberRecord] = []
        // It has to know of this first, to contradict.
        if let receiver, receiver.status != .alive {
            records.append(receiver)
            most -= 1
        }
        records += table.takeRecords(most, fillers: fillers)
        if !records.isEmpty { message.frames.append(.members(records)) }
        return message
    }

    private mutating func seal(_ message: GossipMessage, with key: GossipKey, to address: SocketAddress) {
        guard let bytes = seal.seal(message.bytes, with: key) else { return }
        counters.sent += 1
        output.append(GossipDatagram(address: address, bytes: bytes))
    }

    /// Everybody that is known, for one who has just come.
    mutating func sendMembers(to member: MemberRecord, wall: UInt64) {
        let room = GossipNode.longestDatagram - GossipSeal.overhead - GossipMessage.overhead - GossipFrame.overhead
        let each = room / MemberRecord.longest
        var left = others[...]
        while !left.isEmpty {
            send([.members(Array(left.prefix(each)))], to: member, wall: wall, fillers: 0)
            left = left.dropFirst(each)
        }
    }
}
