internal import Reactor

/// What is sealed in a datagram: who sends it and when, and what it says.
struct GossipMessage: Equatable {
    /// The key that the sender would rather use.
    var preferredKey: UInt32
    /// Grows with every datagram of the sender.
    var sequence: UInt64
    /// Milliseconds since 1970.
    var sentAt: UInt64
    var sender: MemberRecord
    var frames: [GossipFrame] = []

    /// Bytes of a message without frames, at most.
    static let overhead = 4 + 8 + 8 + MemberRecord.longest

    var bytes: [UInt8] {
        var out = WireWriter()
        out.put(preferredKey)
        out.put(sequence)
        out.put(sentAt)
        sender.write(to: &out)
        for frame in frames { frame.write(to: &out) }
        return out.bytes
    }
}

extension GossipMessage {
    init?(bytes: [UInt8]) {
        var reader = WireReader(bytes)
        guard let preferredKey = reader.number(UInt32.self), let sequence = reader.number(UInt64.self), let sentAt = reader.number(UInt64.self),
            let sender = MemberRecord(&reader), let frames = GossipFrame.readAll(&reader)
        else { return nil }
        self.init(preferredKey: preferredKey, sequence: sequence, sentAt: sentAt, sender: sender, frames: frames)
    }
}
