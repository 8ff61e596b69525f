internal import Primitives

/// What turns a point in time into a time of day: a fixed offset, or a zone of the IANA database.
enum TimeZone: Sendable {
    case fixed(seconds: Int)
    case named(ZoneFile)

    /// Seconds to add to UTC at that time.
    func offset(at seconds: Int) -> Int {
        switch self {
        case .fixed(let offset): offset
        case .named(let zone): zone.offset(at: seconds)
        }
    }

    /// `UTC`, `+hh:mm`, `-hh:mm` or `hh:mm`; nil for everything else.
    static func parse(_ text: ByteView) -> TimeZone? {
        if text == "UTC" || text == "Z" || text.isEmpty { return .fixed(seconds: 0) }
        return offset(text).map { .fixed(seconds: $0) }
    }

    /// `hh:mm` with or without a sign, in seconds.
    static func offset(_ text: ByteView) -> Int? {
        let hasSign = text.count == 6 && (text[0] == UInt8(ascii: "+") || text[0] == UInt8(ascii: "-"))
        let digits = hasSign ? text.dropFirst(1) : text
        guard digits.count == 5, digits[2] == UInt8(ascii: ":"), let hours = digits.prefix(2).decimal, let minutes = digits.dropFirst(3).decimal,
            hours < 24, minutes < 60
        else { return nil }
        let seconds = hours * 3_600 + minutes * 60
        return hasSign && text[0] == UInt8(ascii: "-") ? -seconds : seconds
    }
}
