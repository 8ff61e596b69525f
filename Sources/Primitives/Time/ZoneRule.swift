/// Standard and summer time of all years to come: the `TZ` string at the end of a TZif file (RFC 9636 §3.3), such as
/// `CET-1CEST,M3.5.0,M10.5.0/3`.
struct ZoneRule: Sendable {
    /// Seconds to add to UTC.
    private let standard: Int
    private let summer: (offset: Int, start: Day, end: Day)?

    private struct Day {
        enum Kind {
            case weekday(month: Int, week: Int, day: Int)
            /// 1...365 without the 29th of February, or 0...365 with it.
            case julian(Int), ordinal(Int)
        }
        let kind: Kind
        /// Seconds after midnight.
        let time: Int
    }

    init?(_ text: String) {
        var reader = Reader(text: Array(text.utf8))
        guard reader.skipName(), let standard = reader.offset() else { return nil }
        self.standard = -standard
        guard !reader.isAtEnd else {
            summer = nil
            return
        }
        guard reader.skipName() else { return nil }
        var offset = self.standard + 3_600
        if reader.current != UInt8(ascii: ",") {
            guard let given = reader.offset() else { return nil }
            offset = -given
        }
        guard let start = reader.day(), let end = reader.day(), reader.isAtEnd else { return nil }
        summer = (offset, start, end)
    }

    func offset(at seconds: Int) -> Int {
        guard let summer else { return standard }
        let year = CivilTime(seconds: seconds + standard).year
        let start = Self.seconds(summer.start, year) - standard, end = Self.seconds(summer.end, year) - summer.offset
        let isSummer = start < end ? seconds >= start && seconds < end : seconds >= start || seconds < end
        return isSummer ? summer.offset : standard
    }

    func span(at seconds: Int) -> TimeZone.Span {
        let offset = offset(at: seconds)
        guard let summer else { return TimeZone.Span(offset: offset, since: .min, until: .max) }
        let year = CivilTime(seconds: seconds + standard).year
        var since = Int.min, until = Int.max
        for year in year - 1...year + 1 {
            for change in [Self.seconds(summer.start, year) - standard, Self.seconds(summer.end, year) - summer.offset] {
                // Where summer is all year round, its end is its beginning.
                guard self.offset(at: change - 1) != self.offset(at: change) else { continue }
                if change <= seconds { since = max(since, change) } else { until = min(until, change) }
            }
        }
        return TimeZone.Span(offset: offset, since: since, until: until)
    }

    /// Since 1970, as the clock on the wall shows it.
    private static func seconds(_ day: Day, _ year: Int) -> Int {
        let january = CivilTime.days(year, 1, 1)
        let days: Int
        switch day.kind {
        case .julian(let number): days = january + number - 1 + (CivilTime.isLeap(year) && number >= 60 ? 1 : 0)
        case .ordinal(let number): days = january + number
        case .weekday(let month, let week, let weekday):
            let first = CivilTime.days(year, month, 1)
            let ahead = (weekday - CivilTime(seconds: first * 86_400).dayOfWeek + 7) % 7
            var place = ahead + 7 * (week - 1)
            if place >= CivilTime.daysInMonth(year, month) { place -= 7 }
            days = first + place
        }
        return days * 86_400 + day.time
    }

    private struct Reader {
        let text: [UInt8]
        var position = 0

        var current: UInt8? { position < text.count ? text[position] : nil }
        var isAtEnd: Bool { position == text.count }

        mutating func take(_ byte: UInt8) -> Bool {
            guard current == byte else { return false }
            position += 1
            return true
        }

        /// Letters, or anything between `<` and `>`.
        mutating func skipName() -> Bool {
            let start = position
            if take(UInt8(ascii: "<")) {
                while let byte = current, byte != UInt8(ascii: ">") { _ = (byte, position += 1) }
                return take(UInt8(ascii: ">"))
            }
            while let byte = current, ASCII.isLetter(byte) { position += 1 }
            return position > start
        }

        mutating func number() -> Int? {
            var value: Int?
            while let byte = current, ASCII.isDigit(byte), (value ?? 0) < 100_000 {
                value = (value ?? 0) * 10 + Int(byte - 0x30)
                position += 1
            }
            return value
        }

        /// `[+-]hh[:mm[:ss]]` in seconds.
        mutating func offset() -> Int? {
            let isNegative = take(UInt8(ascii: "-"))
            if !isNegative { _ = take(UInt8(ascii: "+")) }
            guard var value = number().map({ $0 * 3_600 }) else { return nil }
            for unit in [60, 1] {
                guard take(UInt8(ascii: ":")) else { break }
                guard let part = number() else { return nil }
                value += part * unit
            }
            return isNegative ? -value : value
        }

        /// `,Mm.w.d[/time]`, `,Jn[/time]` or `,n[/time]`.
        mutating func day() -> Day? {
            guard take(UInt8(ascii: ",")), let kind = kind() else { return nil }
            guard take(UInt8(ascii: "/")) else { return Day(kind: kind, time: 7_200) }
            return offset().map { Day(kind: kind, time: $0) }
        }

        private mutating func kind() -> Day.Kind? {
            if take(UInt8(ascii: "M")) {
                guard let month = number(), take(UInt8(ascii: ".")), let week = number(), take(UInt8(ascii: ".")), let day = number() else {
                    return nil
                }
                return (1...12).contains(month) && (1...5).contains(week) && day <= 6 ? .weekday(month: month, week: week, day: day) : nil
            }
            let isJulian = take(UInt8(ascii: "J"))
            return number().map { isJulian ? .julian($0) : .ordinal($0) }
        }
    }
}
