internal import Primitives
internal import Upstreams

/// How TXT records are set by dynamic updates (RFC 2136).
package struct DNSUpdateSettings: Sendable, Equatable {
    /// Host and port of the zone's primary server.
    package var host: String
    package var port: UInt16
    /// Nil: asked of the server.
    package var zone: String?
    package var key: TransactionKey?

    package init(host: String, port: UInt16, zone: String? = nil, key: TransactionKey? = nil) {
        self.host = host
        self.port = port
        self.zone = zone
        self.key = key
    }
}

/// Messages that change a zone (RFC 2136), or ask for its name.
struct DNSUpdate {
    enum Change { case add, remove }

    private enum Number {
        static let update: UInt16 = 5 << 11
        static let soa: UInt16 = 6, txt: UInt16 = 16
        static let internet: UInt16 = 1, none: UInt16 = 254
    }

    /// Seconds for which resolvers may remember the record.
    static let timeToLive: UInt32 = 60

    /// Adds or removes one TXT record, and leaves others of the name alone.
    static func message(_ change: Change, name: DNSName, value: String, zone: DNSName, id: UInt16) -> [UInt8] {
        var message = DNSWriter()
        message.header(id: id, flags: Number.update, questions: 1, updates: 1)
        message.add(zone)
        message.add(Number.soa)
        message.add(Number.internet)
        message.add(name)
        message.add(Number.txt)
        // RFC 2136 §2.5.1 and §2.5.4.
        message.add(change == .add ? Number.internet : Number.none)
        message.add(long: change == .add ? timeToLive : 0)
        let text = Array(value.utf8.prefix(255))
        message.add(UInt16(truncatingIfNeeded: text.count + 1))
        message.bytes.append(UInt8(truncatingIfNeeded: text.count))
        message.bytes += text
        return message.bytes
    }

    /// Asks for the start of authority of a name.
    static func zoneQuery(_ name: DNSName, id: UInt16) -> [UInt8] {
        var message = DNSWriter()
        message.header(id: id, flags: 0, questions: 1, updates: 0)
        message.add(name)
        message.add(Number.soa)
        message.add(Number.internet)
        return message.bytes
    }

    /// The zone that a reply to `zoneQuery` names, in its answer or in its authority section (RFC 2308 §2).
    static func zone(in reply: [UInt8], id: UInt16) -> DNSName? {
        reply.withView { bytes in
            var reader = DNSReader(bytes)
            guard let records = reader.header(id: id)?.records else { return nil }
            for _ in 0..<records {
                guard let record = reader.record() else { return nil }
                if record.type == Number.soa { return record.owner }
            }
            return nil
        }
    }

    /// Why a reply is not the confirmation of a change; nil when it is.
    static func refusal(_ reply: [UInt8], id: UInt16) -> String? {
        reply.withView { bytes in
            var reader = DNSReader(bytes)
            guard let header = reader.header(id: id) else { return "a malformed reply" }
            return header.code == 0 ? nil : name(of: header.code)
        }
    }

    private static func name(of code: UInt16) -> String {
        let names = [
            "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET",
            "NOTAUTH: the server refuses the key",
            "NOTZONE",
        ]
        return Int(code) < names.count ? names[Int(code)] : "code \(code)"
    }
}

/// Puts a message together.
struct DNSWriter {
    var bytes: [UInt8] = []

    mutating func header(id: UInt16, flags: UInt16, questions: UInt16, updates: UInt16) {
        for number in [id, flags, questions, 0, updates, 0] { add(number) }
    }

    mutating func add(_ number: UInt16) {
        bytes += [UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number)]
    }

    mutating func add(long number: UInt32) {
        add(UInt16(truncatingIfNeeded: number >> 16))
        add(UInt16(truncatingIfNeeded: number))
    }

    /// 48 bits.
    mutating func add(time: Int64) {
        add(UInt16(truncatingIfNeeded: time >> 32))
        add(long: UInt32(truncatingIfNeeded: time))
    }

    mutating func add(_ name: DNSName) { bytes += name.bytes }
}

extension DNSReader {
    struct Header {
        var code: UInt16
        /// In all sections.
        var records: Int
    }

    struct Record {
        var owner: DNSName
        var type: UInt16
        var space: UInt16
        var timeToLive: UInt32
        /// Where it begins and ends, and where its data begins.
        var start: Int
        var data: Int
        var end: Int
    }

    /// Reads the header of a reply to `id`, and skips its questions.
    mutating func header(id: UInt16) -> Header? {
        guard word() == id, let flags = word(), flags & 0x8000 != 0, let questions = word(), let answers = word(), let authorities = word(),
            let others = word()
        else { return nil }
        for _ in 0..<questions { guard name() != nil, skip(4) else { return nil } }
        return Header(code: flags & 0xf, records: Int(answers) + Int(authorities) + Int(others))
    }

    mutating func record() -> Record? {
        let start = at
        guard let owner = name(), let type = word(), let space = word(), let seconds = long(), let length = word() else {
            return nil
        }
        let data = at
        guard skip(Int(length)) else { return nil }
        return Record(owner: owner, type: type, space: space, timeToLive: seconds, start: start, data: data, end: at)
    }
}
