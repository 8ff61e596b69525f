internal import Reactor

/// One thing that a datagram says. Kinds that a later version adds are skipped, so versions can be mixed.
enum GossipFrame: Equatable {
    /// Asks `target`, or whoever is at the address, for a sign of life; with `wantsMembers`, for everybody that it knows, too.
    case ping(number: UInt32, target: MemberID?, wantsMembers: Bool)
    case ack(number: UInt32)
    /// Asks for a ping of somebody who does not answer the sender.
    case pingRequest(number: UInt32, target: MemberID, address: SocketAddress)
    case members([MemberRecord])
    /// What parts of the gateway have to tell each other.
    case payload(channel: UInt8, bytes: [UInt8])

    /// Kind and length.
    static let overhead = 3

    private enum Kind: UInt8 {
        case ping = 1, ack, pingRequest, members
        case payload = 16
    }

    func write(to out: inout WireWriter) {
        var body = WireWriter()
        let kind: Kind
        switch self {
        case .ping(let number, let target, let wantsMembers):
            kind = .ping
            body.put(number)
            body.put(target?.number ?? 0)
            body.put(UInt8(wantsMembers ? 1 : 0))
        case .ack(let number):
            kind = .ack
            body.put(number)
        case .pingRequest(let number, let target, let address):
            kind = .pingRequest
            body.put(number)
            body.put(target.number)
            body.put(address)
        case .members(let records):
            kind = .members
            for record in records { record.write(to: &body) }
        case .payload(let channel, let bytes):
            kind = .payload
            body.put(channel)
            body.put(bytes)
        }
        out.put(kind.rawValue)
        out.put(UInt16(clamping: body.count))
        out.put(body.bytes)
    }

    /// All frames that are known; nil when the bytes are not a list of frames.
    static func readAll(_ reader: inout WireReader) -> [GossipFrame]? {
        var frames: [GossipFrame] = []
        while !reader.isAtEnd {
            guard let kind = reader.number(UInt8.self), let count = reader.number(UInt16.self), let body = reader.take(Int(count)) else {
                return nil
            }
            guard let kind = Kind(rawValue: kind) else { continue }
            guard let frame = GossipFrame(kind, WireReader(body)) else { return nil }
            frames.append(frame)
        }
        return frames
    }

    private init?(_ kind: Kind, _ body: WireReader) {
        var body = body
        switch kind {
        case .ping:
            guard let number = body.number(UInt32.self), let target = body.number(UInt64.self), let flags = body.number(UInt8.self) else {
                return nil
            }
            self = .ping(number: number, target: target == 0 ? nil : MemberID(target), wantsMembers: flags & 1 != 0)
        case .ack:
            guard let number = body.number(UInt32.self) else { return nil }
            self = .ack(number: number)
        case .pingRequest:
            guard let number = body.number(UInt32.self), let target = body.number(UInt64.self), let address = body.address() else {
                return nil
            }
            self = .pingRequest(number: number, target: MemberID(target), address: address)
        case .members:
            var records: [MemberRecord] = []
            while !body.isAtEnd {
                guard let record = MemberRecord(&body) else { return nil }
                records.append(record)
            }
            self = .members(records)
        case .payload:
            guard let channel = body.number(UInt8.self), let bytes = body.take(body.left) else { return nil }
            self = .payload(channel: channel, bytes: Array(bytes))
        }
    }
}
