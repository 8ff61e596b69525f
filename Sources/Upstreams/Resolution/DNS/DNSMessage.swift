package import Primitives

/// Messages of the DNS (RFC 1035 §4), as far as the addresses of hosts and services need them.
package enum DNSMessage {
    package enum RecordType: UInt16, Sendable { case a = 1, cname = 5, aaaa = 28, srv = 33 }

    static let headerLength = 12

    /// A recursive query for the records of one type.
    static func query(_ name: DNSName, _ type: RecordType, id: UInt16) -> [UInt8] {
        var bytes = [UInt8(truncatingIfNeeded: id >> 8), UInt8(truncatingIfNeeded: id), 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0]
        bytes += name.bytes
        bytes += [0, UInt8(truncatingIfNeeded: type.rawValue), 0, 1]
        return bytes
    }
}

/// Reads a message that anybody may have sent: every access is bounded, nothing traps, and work is linear in the length
/// of the message, for at most `DNSReader.mostJumps` times the names in it.
package struct DNSReader {
    private let bytes: ByteView
    package private(set) var at: Int

    /// Compression pointers that one name may follow. Each must point before the name's own part, so loops end anyway.
    static let mostJumps = 32

    package init(_ bytes: ByteView, at: Int = 0) {
        self.bytes = bytes
        self.at = at
    }

    package mutating func byte() -> UInt8? {
        guard at < bytes.count else { return nil }
        defer { at += 1 }
        return bytes[at]
    }

    package mutating func word() -> UInt16? {
        guard let high = byte(), let low = byte() else { return nil }
        return UInt16(high) << 8 | UInt16(low)
    }

    package mutating func long() -> UInt32? {
        guard let high = word(), let low = word() else { return nil }
        return UInt32(high) << 16 | UInt32(low)
    }

    package mutating func skip(_ count: Int) -> Bool {
        guard count >= 0, bytes.count - at >= count else { return false }
        at += count
        return true
    }

    /// A name, its compression pointers followed (RFC 1035 §4.1.4).
    package mutating func name() -> DNSName? {
        var name: [UInt8] = []
        var cursor = at
        var end: Int?
        var limit = at
        var jumps = 0
        while cursor < bytes.count {
            let length = bytes[cursor]
            switch length >> 6 {
            case 0:
                guard name.count + Int(length) + 1 <= DNSName.longest, cursor + 1 + Int(length) <= bytes.count else { return nil }
                name.append(length)
                for i in 0..<Int(length) { name.append(ASCII.lowercase(bytes[cursor + 1 + i])) }
                cursor += 1 + Int(length)
                if length == 0 {
                    at = end ?? cursor
                    return DNSName(bytes: name)
                }
            case 3:
                guard cursor + 1 < bytes.count else { return nil }
                let target = Int(length & 0x3f) << 8 | Int(bytes[cursor + 1])
                jumps += 1
                guard target < limit, jumps <= DNSReader.mostJumps else { return nil }
                if end == nil { end = cursor + 2 }
                limit = target
                cursor = target
            default: return nil
            }
        }
        return nil
    }
}
