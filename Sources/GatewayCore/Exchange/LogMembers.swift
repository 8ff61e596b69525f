package import Primitives

/// What policies add to the line of an exchange in the access log: names with values, packed one behind the other until the
/// line is written.
package struct LogMember {
    package enum Kind: UInt8, Sendable {
        /// Any bytes; escaped when they are written.
        case text
        /// JSON as it is to stand in the line: a number, `true`, a list.
        case literal
    }

    package var kind: Kind
    package var name: ByteView
    package var value: ByteView

    /// Most bytes that all members of an exchange take.
    package static let most = 4096
    /// Most bytes of a name.
    package static let longestName = 64
    /// What a value that was too long ends with.
    package static let mark: StaticString = "..."

    /// Kind, length of the name, length of the value.
    private static let header = 4

    /// Names that lines have of their own (`AccessLogFormat`): no member may be called so.
    package static let fixedNames: Set<String> = [
        "time", "client", "method", "host", "path", "protocol", "status", "requestBytes", "responseBytes", "duration", "upstreamDuration",
        "listener", "api", "route", "upstream", "endpoint", "attempts", "requestId", "userAgent", "referer", "consumer", "credential",
        "reason", "policies",
    ]

    /// Appends a member. A value for which there is no room any more is cut, and a literal becomes text by that; a member whose name has
    /// no room is left out.
    package static func append(_ kind: Kind, _ name: ByteView, _ value: ByteView, to out: ByteBuffer) {
        let room = most - out.count - header - name.count
        let isWhole = value.count <= room
        guard name.count <= longestName, isWhole || room > mark.utf8CodeUnitCount else { return }
        var kept = value.count
        if !isWhole {
            kept = room - mark.utf8CodeUnitCount
            // Not within a character.
            while kept > 0, value[kept] & 0xc0 == 0x80 { kept -= 1 }
        }
        let length = isWhole ? kept : kept + mark.utf8CodeUnitCount
        out.append(byte: (isWhole ? kind : .text).rawValue)
        out.append(byte: UInt8(truncatingIfNeeded: name.count))
        out.append(byte: UInt8(truncatingIfNeeded: length >> 8))
        out.append(byte: UInt8(truncatingIfNeeded: length))
        out.append(name)
        out.append(value.prefix(kept))
        if !isWhole { out.append(mark) }
    }

    /// Calls `body` with each member. Of several with one name the last counts: policies of a route come behind those of its API.
    package static func forEach(_ packed: ByteView, _ body: (LogMember) -> Void) {
        var rest = packed
        while let member = next(&rest) {
            if !contains(member.name, in: rest) { body(member) }
        }
    }

    private static func contains(_ name: ByteView, in packed: ByteView) -> Bool {
        var rest = packed
        while let member = next(&rest) { if member.name == name { return true } }
        return false
    }

    private static func next(_ rest: inout ByteView) -> LogMember? {
        guard rest.count >= header, let kind = Kind(rawValue: rest[0]) else { return nil }
        let name = Int(rest[1]), value = Int(rest[2]) << 8 | Int(rest[3])
        guard rest.count >= header + name + value else { return nil }
        let start = header + name
        defer { rest = rest.dropFirst(start + value) }
        return LogMember(kind: kind, name: rest[header..<start], value: rest[start..<start + value])
    }
}

extension Exchange {
    /// Adds a member to the exchange's line in the access log.
    package func log(_ kind: LogMember.Kind, _ name: ByteView, _ value: ByteView) {
        LogMember.append(kind, name, value, to: takeLogMembers())
    }
}
