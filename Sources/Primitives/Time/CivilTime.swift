/// A date and time of day, as a calendar on the wall shows it (proleptic Gregorian).
package struct CivilTime: Equatable, Sendable {
    package let year: Int
    /// 1...12 and 1...31.
    package let month: Int, day: Int
    package let hour: Int, minute: Int, second: Int
    /// 0 is Sunday.
    package let dayOfWeek: Int
    /// 0 is the first of January.
    package let dayOfYear: Int

    /// - Parameter seconds: since 1970, already moved to the time zone.
    package init(seconds: Int) {
        let days = Self.floor(seconds, 86_400), rest = seconds - days * 86_400
        (year, month, day) = Self.date(days)
        (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60)
        dayOfWeek = ((days + 4) % 7 + 7) % 7
        dayOfYear = days - Self.days(year, 1, 1)
    }

    /// Days since 1970 (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", 2013).
    package static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let y = month <= 2 ? year - 1 : year
        let era = floor(y, 400), yearOfEra = y - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func date(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = floor(shifted, 146_097), dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let part = (5 * dayOfYear + 2) / 153
        let month = part < 10 ? part + 3 : part - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * part + 2) / 5 + 1)
    }

    package static func daysInMonth(_ year: Int, _ month: Int) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    package static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    package static func floor(_ a: Int, _ b: Int) -> Int { a >= 0 ? a / b : (a - b + 1) / b }
}
