import Primitives
import Schema

/// Forms that a value may have to be in, in the words of OpenAPI and JSON Schema.
package enum ParameterFormat: String, SettingChoice {
    case uuid, date, email, hostname, ipv4, ipv6, int32, int64
    case dateTime = "date-time"

    /// Of what an integer may be, rather than of text.
    var isOfIntegers: Bool { self == .int32 || self == .int64 }

    /// What a message calls it: "must be …".
    var expectation: String {
        switch self {
        case .uuid: "a UUID"
        case .date: "a date such as 2026-01-31"
        case .dateTime: "a date and time such as 2026-01-31T12:00:00Z"
        case .email: "an email address"
        case .hostname: "a host name"
        case .ipv4: "an IPv4 address"
        case .ipv6: "an IPv6 address"
        case .int32: "a whole number of 32 bits"
        case .int64: "a whole number of 64 bits"
        }
    }

    func accepts(_ text: ByteView) -> Bool {
        switch self {
        case .uuid: ParameterFormat.isUUID(text)
        case .date: text.count == 10 && ParameterFormat.isDate(text)
        case .dateTime: ParameterFormat.isDateTime(text)
        case .email: ParameterFormat.isEmail(text)
        case .hostname: ParameterFormat.isHostname(text)
        case .ipv4: !text.contains(UInt8(ascii: ":")) && IPAddress(parsing: text) != nil
        case .ipv6: text.contains(UInt8(ascii: ":")) && IPAddress(parsing: text) != nil
        case .int32: NumberText.integer(text).flatMap { Int32(exactly: $0) } != nil
        case .int64: NumberText.integer(text) != nil
        }
    }

    /// 8-4-4-4-12 hexadecimal digits, in any case (RFC 9562 §4).
    private static func isUUID(_ text: ByteView) -> Bool {
        guard text.count == 36 else { return false }
        for i in 0..<36 {
            switch i {
            case 8, 13, 18, 23: if text[i] != UInt8(ascii: "-") { return false }
            default: if ASCII.hexValue(text[i]) == nil { return false }
            }
        }
        return true
    }

    /// `full-date` of RFC 3339 §5.6 at the beginning of `text`, which has at least ten bytes.
    private static func isDate(_ text: ByteView) -> Bool {
        guard let year = number(text, 0..<4), let month = number(text, 5..<7), let day = number(text, 8..<10),
            text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-"), (1...12).contains(month), day >= 1
        else { return false }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        switch month {
        case 2: return day <= (isLeap ? 29 : 28)
        case 4, 6, 9, 11: return day <= 30
        default: return day <= 31
        }
    }

    /// `date-time` of RFC 3339 §5.6. A leap second may be the 60th of any minute: which ones there were is no question of form.
    private static func isDateTime(_ text: ByteView) -> Bool {
        guard text.count >= 20, isDate(text), text[10] | 0x20 == UInt8(ascii: "t"), text[13] == UInt8(ascii: ":"), text[16] == UInt8(ascii: ":"),
            let hour = number(text, 11..<13), let minute = number(text, 14..<16), let second = number(text, 17..<19),
            hour < 24, minute < 60, second <= 60
        else { return false }
        var at = 19
        if text[at] == UInt8(ascii: ".") {
            at += 1
            let first = at
            while at < text.count, ASCII.isDigit(text[at]) { at += 1 }
            guard at > first else { return false }
        }
        let zone = text.dropFirst(at)
        if zone.count == 1 { return zone[0] | 0x20 == UInt8(ascii: "z") }
        guard zone.count == 6, zone[0] == UInt8(ascii: "+") || zone[0] == UInt8(ascii: "-"), zone[3] == UInt8(ascii: ":"),
            let hours = number(zone, 1..<3), let minutes = number(zone, 4..<6)
        else { return false }
        return hours < 24 && minutes < 60
    }

    private static func number(_ text: ByteView, _ range: Range<Int>) -> Int? {
        range.upperBound <= text.count ? text[range].decimal : nil
    }

    /// A `Mailbox` of RFC 5321 §4.1.2 as people use it: a dot-string, "@", a host name. Quoted local parts and address literals are
    /// not taken.
    private static func isEmail(_ text: ByteView) -> Bool {
        guard text.count <= 254, let at = text.firstIndex(of: UInt8(ascii: "@")), at >= 1, at <= 64 else { return false }
        var before = UInt8(ascii: ".")
        for i in 0..<at {
            let byte = text[i]
            guard byte == UInt8(ascii: ".") ? before != byte : isAtom(byte) else { return false }
            before = byte
        }
        return before != UInt8(ascii: ".") && isHostname(text.dropFirst(at + 1))
    }

    /// `atext` of RFC 5322 §3.2.3, and what is not ASCII (RFC 6532): tokens of HTTP, and some more.
    private static func isAtom(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "/"), UInt8(ascii: "="), UInt8(ascii: "?"), UInt8(ascii: "{"), UInt8(ascii: "}"), 0x80...: true
        default: ASCII.isToken(byte)
        }
    }

    /// Labels of letters, digits and inner hyphens (RFC 1123 §2.1).
    private static func isHostname(_ text: ByteView) -> Bool {
        guard !text.isEmpty, text.count <= 253 else { return false }
        var start = 0
        while start <= text.count {
            let end = text.firstIndex(of: UInt8(ascii: "."), from: start) ?? text.count
            let label = text[start..<end]
            guard !label.isEmpty, label.count <= 63, label[0] != UInt8(ascii: "-"), label[label.count - 1] != UInt8(ascii: "-") else { return false }
            for i in 0..<label.count where !ASCII.isLetter(label[i]) && !ASCII.isDigit(label[i]) && label[i] != UInt8(ascii: "-") { return false }
            start = end + 1
        }
        return true
    }
}
