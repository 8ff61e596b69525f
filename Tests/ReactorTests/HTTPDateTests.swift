import Glibc
import Primitives
import Reactor
import Testing

@Suite struct HTTPDateTests {
    @Test func table() {
        var date = HTTPDate()
        let rows: [(UInt64, String)] = [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"), (1_735_689_599, "Tue, 31 Dec 2024 23:59:59 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"), (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
        ]
        for (seconds, text) in rows { #expect(date.text(at: seconds).string == text) }
        #expect(date.text(at: 0).string == rows[0].1)
    }

    /// Every day of 200 years, as the C library has it.
    @Test func civilDates() {
        for day in 0..<73_000 {
            var time = time_t(day * 86_400)
            var parts = tm()
            gmtime_r(&time, &parts)
            let (year, month, date) = HTTPDate.civil(day)
            if year != Int(parts.tm_year) + 1900 || month != Int(parts.tm_mon) + 1 || date != Int(parts.tm_mday) {
                Issue.record("day \(day) is \(year)-\(month)-\(date)")
                return
            }
        }
    }
}
