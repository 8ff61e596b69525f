package import Primitives

/// The current time as an IMF-fixdate (RFC 9110 §5.6.7), made once a second.
package struct HTTPDate {
    private let text = ByteBuffer(capacity: 32)
    private var second: UInt64 = .max

    package init() {}

    /// The 29 bytes for `seconds` since 1970; valid until the next call.
    package mutating func text(at seconds: UInt64) -> ByteView {
        if seconds != second {
            second = seconds
            write(seconds)
        }
        return text.view
    }

    private func write(_ seconds: UInt64) {
        let days = Int(seconds / 86_400), rest = Int(seconds % 86_400)
        let (year, month, day) = HTTPDate.civil(days)
        text.clear()
        let names: [StaticString] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        text.append(names[days % 7])
        text.append(", ")
        append(day)
        text.append(" ")
        let months: [StaticString] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        text.append(months[month - 1])
        text.append(" ")
        text.append(decimal: year)
        text.append(" ")
        append(rest / 3600)
        text.append(":")
        append(rest / 60 % 60)
        text.append(":")
        append(rest % 60)
        text.append(" GMT")
    }

    private func append(_ number: Int) {
        text.append(byte: 0x30 + UInt8(truncatingIfNeeded: number / 10))
        text.append(byte: 0x30 + UInt8(truncatingIfNeeded: number % 10))
    }

    /// Days since 1970 to a date (Howard Hinnant, "chrono-compatible low-level date algorithms").
    package static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let z = days + 719_468
        let era = z / 146_097
        let dayOfEra = z - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}
