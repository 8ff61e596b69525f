import Primitives
import Testing

@testable import Telemetry

@Suite struct TimestampTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_400, "2000-02-29T00:00:00.000Z"), (951_868_799, "2000-02-29T23:59:59.000Z"),
            (951_868_800, "2000-03-01T00:00:00.000Z"), (1_795_428_000, "2026-11-23T10:00:00.000Z"), (4_107_542_399, "2100-02-28T23:59:59.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"), (1_798_761_599, "2026-12-31T23:59:59.000Z"),
        ] as [(UInt64, String)])
    func datesOfTheCalendar(seconds: UInt64, expected: String) {
        let out = ByteBuffer()
        Timestamp(seconds * 1_000_000_000).writeRFC3339(to: out)
        #expect(out.view.string == expected)
    }

    @Test func milliseconds() {
        let out = ByteBuffer()
        Timestamp(1_795_428_000_123_999_999).writeRFC3339(to: out)
        out.append(" ")
        Timestamp(1_795_428_000_123_999_999).writeCommonLog(to: out)
        #expect(out.view.string == "2026-11-23T10:00:00.123Z 23/Nov/2026:10:00:00 +0000")
    }

    @Test func secondsWithDecimals() {
        let out = ByteBuffer()
        for time in [0, 999, 1000, 1_234_567_890, .max] as [UInt64] {
            out.append(seconds: time)
            out.append(" ")
        }
        #expect(out.view.string == "0.000000 0.000000 0.000001 1.234567 18446744073.709551 ")
    }
}
