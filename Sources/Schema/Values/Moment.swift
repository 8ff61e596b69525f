/// A moment as RFC 3339 writes it, `2027-03-31T22:00:00Z`, or the end of a day in UTC: `2027-03-31`.
package struct Moment: ParsedText, Hashable {
    /// Since 1970, without leap seconds.
    package let seconds: Int64
    package let text: String

    package init?(parsing text: String) {
        let bytes = Array(text.utf8)
        guard let seconds = Moment.seconds(bytes) else { return nil }
        self.seconds = seconds
        self.text = text
    }

    /// A moment in UTC, to the second.
    package init(seconds: Int64) {
        self.seconds = seconds
        let days = Moment.floor(seconds, 86_400)
        let rest = seconds - days * 86_400
        let (year, month, day) = Moment.date(days)
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let yearText = String(repeating: "0", count: max(0, 4 - "\(year)".count)) + "\(year)"
        text = "\(yearText)-\(two(month))-\(two(day))T\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60))Z"
    }

    package static var expectation: String { "a date or a moment such as 2027-03-31 or 2027-03-31T22:00:00Z" }
    package static var shape: SettingShape {
        .text(
            name: "moment", pattern: #"^\d{4}-\d\d-\d\d([Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d))?$"#,
            examples: ["2027-03-31", "2027-03-31T22:00:00Z"])
    }

    private static func seconds(_ bytes: [UInt8]) -> Int64? {
        func number(_ range: Range<Int>) -> Int64? {
            guard range.upperBound <= bytes.count else { return nil }
            var value: Int64 = 0
            for byte in bytes[range] {
                guard byte &- 0x30 < 10 else { return nil }
                value = value * 10 + Int64(byte &- 0x30)
            }
            return value
        }
        func stands(_ text: String, at place: Int) -> Bool { place < bytes.count && text.utf8.contains(bytes[place]) }

        guard let year = number(0..<4), stands("-", at: 4), let month = number(5..<7), stands("-", at: 7), let day = number(8..<10),
            (1...12).contains(month), (1...days(in: month, year)).contains(day)
        else { return nil }
        let start = days(year, month, day) * 86_400
        if bytes.count == 10 { return start + 86_400 }
        guard stands("Tt", at: 10), let hour = number(11..<13), stands(":", at: 13), let minute = number(14..<16), stands(":", at: 16),
            let second = number(17..<19), hour < 24, minute < 60, second <= 60
        else { return nil }
        var place = 19
        if stands(".", at: place) {
            let first = place + 1
            place = first
            while place < bytes.count, bytes[place] &- 0x30 < 10 { place += 1 }
            guard place > first else { return nil }
        }
        let time = start + hour * 3600 + minute * 60 + second
        if stands("Zz", at: place) { return place + 1 == bytes.count ? time : nil }
        guard stands("+-", at: place), let hours = number(place + 1..<place + 3), stands(":", at: place + 3),
            let minutes = number(place + 4..<place + 6), place + 6 == bytes.count, hours < 24, minutes < 60
        else { return nil }
        let offset = hours * 3600 + minutes * 60
        return bytes[place] == UInt8(ascii: "+") ? time - offset : time + offset
    }
}

extension Moment {
    private static func days(in month: Int64, _ year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func floor(_ value: Int64, _ divisor: Int64) -> Int64 {
        value >= 0 ? value / divisor : -((divisor - 1 - value) / divisor)
    }

    /// Days since 1970 of a date of the Gregorian calendar, which begins its years in March here, so that the day of the leap year is the
    /// last (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = floor(year, 400)
        let ofEra = year - era * 400
        let ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
    }

    private static func date(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let days = days + 719_468
        let era = floor(days, 146_097)
        let ofEra = days - era * 146_097
        let year = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * year + year / 4 - year / 100)
        let month = (5 * ofYear + 2) / 153
        let realMonth = month < 10 ? month + 3 : month - 9
        return (year + era * 400 + (realMonth <= 2 ? 1 : 0), realMonth, ofYear - (153 * month + 2) / 5 + 1)
    }
}
