import Primitives
import Reactor
import Testing

@Suite struct HTTPDateParsingTests {
    @Test func whatIsWrittenIsRead() {
        var date = HTTPDate()
        for seconds: UInt64 in [0, 1, 68_169_599, 951_782_400, 951_868_800, 1_078_012_800, 1_767_225_600, 4_102_444_799, 253_402_300_799] {
            #expect(HTTPDate.seconds(date.text(at: seconds)) == Int64(seconds))
        }
        for day in stride(from: UInt64(0), to: 60_000, by: 37) {
            #expect(HTTPDate.seconds(date.text(at: day * 86_400 + 3_723)) == Int64(day * 86_400 + 3_723))
        }
    }

    @Test(arguments: [
        "", "Thu, 01 Jan 1970 00:00:00", "Thu, 01 Jan 1970 00:00:00 UTC", "Thursday, 01-Jan-70 00:00:00 GMT", "Thu Jan  1 00:00:00 1970",
        "Thu, 30 Feb 2026 00:00:00 GMT", "Thu, 00 Jan 2026 00:00:00 GMT", "Thu, 32 Jan 2026 00:00:00 GMT", "Thu, 01 jan 2026 00:00:00 GMT",
        "Thu, 01 Jan 2026 24:00:00 GMT", "Thu, 01 Jan 2026 00:60:00 GMT", "Thu, 01 Jan 2026 00:00:61 GMT", "Thu, 01 Jan 1969 00:00:00 GMT",
        "Thu, +1 Jan 2026 00:00:00 GMT", "Thu, 01 Jan 2026  0:00:00 GMT", "Thu; 01 Jan 2026 00:00:00 GMT", "Thu, 29 Feb 2100 00:00:00 GMT",
    ])
    func whatIsNoDate(_ text: String) { #expect(text.withView { HTTPDate.seconds($0) } == nil) }
}
