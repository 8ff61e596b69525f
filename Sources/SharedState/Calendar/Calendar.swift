package import Primitives

/// The calendar on a wall of a time zone (proleptic Gregorian). Weeks begin on Monday (ISO 8601).
package struct Calendar: Sendable {
    package let zone: TimeZone

    package init(zone: TimeZone) { self.zone = zone }

    /// A stretch of time, in seconds since 1970.
    package struct Window: Hashable, Sendable {
        package let start: Int
        /// The first second behind it.
        package let end: Int

        package init(start: Int, end: Int) {
            self.start = start
            self.end = end
        }

        package func contains(_ seconds: Int) -> Bool { seconds >= start && seconds < end }
    }

    /// The minute, hour, day … that `seconds` is in. Windows of a unit follow one another without gap and overlap.
    ///
    /// A day, and what is longer, begins when the clock first shows its midnight or, where that is passed over, what comes behind it. So
    /// when clocks change it has 23 or 25 hours, and a date that a zone has left out is no window at all. An hour that the clock shows
    /// twice is two windows, as are the parts of one that a change of the clocks has cut.
    package func window(_ unit: CalendarUnit, at seconds: Int) -> Window {
        let span = zone.span(at: seconds)
        let wall = seconds + span.offset
        switch unit {
        case .minute, .hour:
            let start = CivilTime.floor(wall, unit.seconds) * unit.seconds - span.offset
            return Window(start: max(start, span.since), end: min(start + unit.seconds, span.until))
        case .day, .week, .month, .year:
            var first = firstDay(of: unit, CivilTime.floor(wall, 86_400)), next = day(after: unit, first)
            var end = instant(wall: next * 86_400)
            // The clock was set back over the end of the unit, which it has shown before.
            while end <= seconds {
                first = next
                next = day(after: unit, first)
                end = instant(wall: next * 86_400)
            }
            return Window(start: instant(wall: first * 86_400), end: end)
        }
    }

    /// When a window ends that begins at `seconds`: a minute or hour later, or when the clock shows the same time of day on the next day,
    /// the same day of the next week, month or year. The last day of a month stands for those that it has not.
    package func end(of unit: CalendarUnit, from seconds: Int) -> Int {
        guard unit != .minute, unit != .hour else { return seconds + unit.seconds }
        let wall = seconds + zone.offset(at: seconds)
        let time = CivilTime(seconds: wall)
        let midnight: Int
        switch unit {
        case .minute, .hour, .day: midnight = CivilTime.floor(wall, 86_400) + 1
        case .week: midnight = CivilTime.floor(wall, 86_400) + 7
        case .month:
            let (year, month) = time.month == 12 ? (time.year + 1, 1) : (time.year, time.month + 1)
            midnight = CivilTime.days(year, month, min(time.day, CivilTime.daysInMonth(year, month)))
        case .year:
            midnight = CivilTime.days(time.year + 1, time.month, min(time.day, CivilTime.daysInMonth(time.year + 1, time.month)))
        }
        return max(seconds + 1, instant(wall: midnight * 86_400 + wall - CivilTime.floor(wall, 86_400) * 86_400))
    }

    /// The first moment at which the clock shows `wall` or later.
    private func instant(wall: Int) -> Int {
        // No two offsets of a zone are more than two days apart, and in this time clocks change a few times at most.
        var span = zone.span(at: wall - 2 * 86_400)
        for _ in 0..<8 where wall - span.offset >= span.until { span = zone.span(at: span.until) }
        return max(wall - span.offset, span.since)
    }

    /// The first day of the unit that a day is in, in days since 1970.
    private func firstDay(of unit: CalendarUnit, _ day: Int) -> Int {
        let date = CivilTime(seconds: day * 86_400)
        switch unit {
        case .minute, .hour, .day: return day
        case .week: return day - (date.dayOfWeek + 6) % 7
        case .month: return day - date.day + 1
        case .year: return day - date.dayOfYear
        }
    }

    /// The day behind the unit that begins with a day.
    private func day(after unit: CalendarUnit, _ first: Int) -> Int {
        let date = CivilTime(seconds: first * 86_400)
        switch unit {
        case .minute, .hour, .day: return first + 1
        case .week: return first + 7
        case .month: return first + CivilTime.daysInMonth(date.year, date.month)
        case .year: return first + (CivilTime.isLeap(date.year) ? 366 : 365)
        }
    }
}
