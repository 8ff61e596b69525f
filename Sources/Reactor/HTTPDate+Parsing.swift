package import Primitives

extension HTTPDate {
    /// Seconds since 1970 of an IMF-fixdate (RFC 9110 §5.6.7); nil for anything else, the two obsolete forms included. The day's name is
    /// not compared with the date.
    package static func seconds(_ text: ByteView) -> Int64? {
        // Sun, 06 Nov 1994 08:49:37 GMT
        guard text.count == 29, text[3] == UInt8(ascii: ","), text.dropFirst(25) == " GMT", text[19] == UInt8(ascii: ":"),
            text[22] == UInt8(ascii: ":"),
            [4, 7, 11, 16].allSatisfy({ text[$0] == UInt8(ascii: " ") }), let month = month(text[8..<11])
        else { return nil }
        return seconds(
            year: text[12..<16].decimal, month: month, day: text[5..<7].decimal, hour: text[17..<19].decimal, minute: text[20..<22].decimal,
            second: text[23..<25].decimal)
    }

    /// Seconds since 1970 of a date and time of day in UTC; nil unless there is such a day and time. A leap second is the next second.
    package static func seconds(year: Int?, month: Int?, day: Int?, hour: Int?, minute: Int?, second: Int?) -> Int64? {
        guard let year, let month, let day, let hour, let minute, let second, (1970...9999).contains(year), (1...12).contains(month),
            (1...31).contains(day), hour < 24, minute < 60, second <= 60
        else { return nil }
        let days = days(year, month, day)
        guard civil(days) == (year, month, day) else { return nil }
        return Int64(days * 86_400 + hour * 3600 + minute * 60 + second)
    }

    /// The inverse of `civil`.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400, yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func month(_ name: ByteView) -> Int? {
        let names: [StaticString] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        return names.firstIndex { name == $0 }.map { $0 + 1 }
    }
}
