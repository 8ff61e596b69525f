import Primitives

/// A moment of the wall clock in UTC, taken apart for log lines.
struct Timestamp: Equatable {
    let year, month, day, hour, minute, second, millisecond: Int

    /// `nanoseconds` since 1970. Days become dates by the algorithm of Howard Hinnant, "chrono-compatible low-level date
    /// algorithms" (civil_from_days).
    init(_ nanoseconds: UInt64) {
        let seconds = Int(clamping: nanoseconds / 1_000_000_000)
        millisecond = Int(nanoseconds / 1_000_000 % 1000)
        second = seconds % 60
        minute = seconds / 60 % 60
        hour = seconds / 3600 % 24
        let shifted = seconds / 86400 + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// `2026-11-23T10:00:00.123Z`
    func writeRFC3339(to out: ByteBuffer) {
        out.append(padded: year, 4)
        out.append("-")
        out.append(padded: month, 2)
        out.append("-")
        out.append(padded: day, 2)
        out.append("T")
        writeTime(to: out)
        out.append(".")
        out.append(padded: millisecond, 3)
        out.append("Z")
    }

    /// `23/Nov/2026:10:00:00 +0000`
    func writeCommonLog(to out: ByteBuffer) {
        out.append(padded: day, 2)
        out.append("/")
        out.append(Timestamp.monthName(month))
        out.append("/")
        out.append(padded: year, 4)
        out.append(":")
        writeTime(to: out)
        out.append(" +0000")
    }

    private func writeTime(to out: ByteBuffer) {
        out.append(padded: hour, 2)
        out.append(":")
        out.append(padded: minute, 2)
        out.append(":")
        out.append(padded: second, 2)
    }

    private static func monthName(_ month: Int) -> StaticString {
        switch month {
        case 1: "Jan"
        case 2: "Feb"
        case 3: "Mar"
        case 4: "Apr"
        case 5: "May"
        case 6: "Jun"
        case 7: "Jul"
        case 8: "Aug"
        case 9: "Sep"
        case 10: "Oct"
        case 11: "Nov"
        default: "Dec"
        }
    }
}
