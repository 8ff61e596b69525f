/// What turns a point in time into a time of day: a fixed offset, or a zone of the IANA database.
package enum TimeZone: Sendable {
    case fixed(seconds: Int)
    case named(ZoneFile)

    /// Seconds to add to UTC at that time.
    package func offset(at seconds: Int) -> Int {
        switch self {
        case .fixed(let offset): offset
        case .named(let zone): zone.offset(at: seconds)
        }
    }

    /// The time around that moment during which the offset stays the same.
    package func span(at seconds: Int) -> Span {
        switch self {
        case .fixed(let offset): Span(offset: offset, since: .min, until: .max)
        case .named(let zone): zone.span(at: seconds)
        }
    }

    /// From one change of the clocks to the next, in seconds since 1970; `.min` and `.max` where there is none.
    package struct Span: Equatable, Sendable {
        package let offset: Int
        package let since: Int, until: Int

        package init(offset: Int, since: Int, until: Int) {
            self.offset = offset
            self.since = since
            self.until = until
        }
    }

    /// `UTC`, `+hh:mm`, `-hh:mm` or `hh:mm`; nil for everything else.
    package static func parse(_ text: ByteView) -> TimeZone? {
        if text == "UTC" || text == "Z" || text.isEmpty { return .fixed(seconds: 0) }
        return offset(text).map { .fixed(seconds: $0) }
    }

    /// `hh:mm` with or without a sign, in seconds.
    package static func offset(_ text: ByteView) -> Int? {
        let hasSign = text.count == 6 && (text[0] == UInt8(ascii: "+") || text[0] == UInt8(ascii: "-"))
        let digits = hasSign ? text.dropFirst(1) : text
        guard digits.count == 5, digits[2] == UInt8(ascii: ":"), let hours = digits.prefix(2).decimal, let minutes = digits.dropFirst(3).decimal,
            hours < 24, minutes < 60
        else { return nil }
        let seconds = hours * 3_600 + minutes * 60
        return hasSign && text[0] == UInt8(ascii: "-") ? -seconds : seconds
    }
}
