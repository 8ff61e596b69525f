package import Primitives

/// What a name server says to a query for addresses or services.
package enum DNSReply: Equatable {
    /// Addresses and the seconds for which all that led to them is good. None: the name exists, but has no such records.
    case addresses([IPAddress], timeToLive: UInt32)
    /// Where a service is, alike.
    case services([ServiceRecord], timeToLive: UInt32)
    /// NXDOMAIN.
    case noSuchName
    /// The rest would not fit: to be asked again over TCP.
    case truncated
    /// The server can't or won't answer: SERVFAIL, REFUSED and the like (RFC 1035 §4.1.1).
    case refused(code: UInt8)

    /// The longest chain of aliases that is followed.
    static let mostAliases = 16
    /// Records that are looked at.
    static let mostRecords = 512

    /// Reads a reply to the query `(name, type, id)`. Nil for what is not a reply to it, and for malformed messages: on
    /// UDP anybody may have sent them, so they are to be ignored.
    package static func parse(_ bytes: ByteView, _ name: DNSName, _ type: DNSMessage.RecordType, id: UInt16) -> DNSReply? {
        var reader = DNSReader(bytes)
        guard reader.word() == id, let flags = reader.word(), flags & 0x8000 != 0, flags & 0x7800 == 0 else { return nil }
        guard let questions = reader.word(), let answers = reader.word(), reader.skip(4) else { return nil }
        let code = UInt8(truncatingIfNeeded: flags & 0xf)
        // Some servers that refuse send the header alone.
        if questions == 0, code != 0, code != 3 { return .refused(code: code) }
        guard questions == 1, reader.name() == name, reader.word() == type.rawValue, reader.word() == 1 else { return nil }
        if flags & 0x0200 != 0 { return .truncated }
        switch code {
        case 0: break
        case 3: return .noSuchName
        default: return .refused(code: code)
        }
        guard let records = Records(&reader, count: Int(answers), type) else { return nil }
        return records.follow(name)
    }
}

/// The answer section: aliases, and addresses of the type that was asked for.
private struct Records {
    private var aliases: [DNSName: (target: DNSName, timeToLive: UInt32)] = [:]
    private var addresses: [DNSName: Found<IPAddress>] = [:]
    private var services: [DNSName: Found<ServiceRecord>] = [:]
    private let wanted: DNSMessage.RecordType

    private struct Found<Record> {
        var list: [Record] = []
        var timeToLive = UInt32.max

        mutating func add(_ record: Record, _ seconds: UInt32) {
            list.append(record)
            timeToLive = Swift.min(timeToLive, seconds)
        }
    }

    /// Nil when the section is malformed.
    init?(_ reader: inout DNSReader, count: Int, _ wanted: DNSMessage.RecordType) {
        self.wanted = wanted
        for _ in 0..<Swift.min(count, DNSReply.mostRecords) {
            guard let owner = reader.name(), let type = reader.word(), let space = reader.word() else { return nil }
            guard let seconds = reader.long(), let length = reader.word().map(Int.init) else { return nil }
            let end = reader.at + length
            // RFC 2181 §8: a time to live with the highest bit set is zero.
            let timeToLive = seconds >> 31 == 0 ? seconds : 0
            if space == 1, type == DNSMessage.RecordType.cname.rawValue {
                guard let target = reader.name(), reader.at == end else { return nil }
                if aliases[owner] == nil { aliases[owner] = (target, timeToLive) }
            } else if space == 1, type == wanted.rawValue, wanted == .srv {
                guard let service = ServiceRecord(&reader), reader.at == end else { return nil }
                services[owner, default: Found()].add(service, timeToLive)
            } else if space == 1, type == wanted.rawValue {
                guard let address = Records.address(&reader, wanted, length) else { return nil }
                addresses[owner, default: Found()].add(address, timeToLive)
            } else if !reader.skip(length) {
                return nil
            }
        }
    }

    private static func address(_ reader: inout DNSReader, _ type: DNSMessage.RecordType, _ length: Int) -> IPAddress? {
        switch (type, length) {
        case (.a, 4): return reader.long().map { IPAddress(v4: $0) }
        case (.aaaa, 16):
            guard let a = reader.long(), let b = reader.long(), let c = reader.long(), let d = reader.long() else { return nil }
            return IPAddress(high: UInt64(a) << 32 | UInt64(b), low: UInt64(c) << 32 | UInt64(d))
        default: return nil
        }
    }

    /// What was asked for of `name`, or of what it is an alias of.
    func follow(_ name: DNSName) -> DNSReply {
        var name = name
        var timeToLive = UInt32.max
        for _ in 0...DNSReply.mostAliases {
            if let found = addresses[name] { return .addresses(found.list, timeToLive: Swift.min(timeToLive, found.timeToLive)) }
            if let found = services[name] { return .services(found.list, timeToLive: Swift.min(timeToLive, found.timeToLive)) }
            guard let alias = aliases[name] else { break }
            timeToLive = Swift.min(timeToLive, alias.timeToLive)
            name = alias.target
        }
        return wanted == .srv ? .services([], timeToLive: 0) : .addresses([], timeToLive: 0)
    }
}
