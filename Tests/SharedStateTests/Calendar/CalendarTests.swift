import Foundation
import Primitives
import SharedState
import Testing

@Suite struct CalendarTests {
    private struct Row {
        let line: String
        let zone: String, unit: String
        let times: [Int]
    }

    /// `Cases/calendar.txt`, which `Cases/calendar.py` has written.
    private static let rows: [Row] = {
        let url = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Cases/calendar.txt")
        let lines = (try? String(contentsOf: url, encoding: .utf8))?.split(separator: "\n") ?? []
        return lines.filter { !$0.hasPrefix("#") }.map { line in
            let words = line.split(separator: " ").map(String.init)
            return Row(line: String(line), zone: words[0], unit: words[1], times: words[2...].compactMap { Int($0) })
        }
    }()

    private static func calendar(_ zone: String) throws -> SharedState.Calendar {
        SharedState.Calendar(zone: .named(try #require(ZoneFile(named: zone), "no zone \(zone) in /usr/share/zoneinfo")))
    }

    @Test func windowsAreThoseOfTheReference() throws {
        var calendars: [String: SharedState.Calendar] = [:], checked = 0
        for row in CalendarTests.rows {
            let calendar = try calendars[row.zone] ?? CalendarTests.calendar(row.zone)
            calendars[row.zone] = calendar
            if let unit = CalendarUnit(rawValue: row.unit) {
                let window = calendar.window(unit, at: row.times[0])
                #expect([window.start, window.end] == Array(row.times[1...]), "\(row.line)")
            } else {
                let unit = try #require(CalendarUnit(rawValue: String(row.unit.dropFirst("from-".count))), "\(row.line)")
                #expect(calendar.end(of: unit, from: row.times[0]) == row.times[1], "\(row.line)")
            }
            checked += 1
        }
        #expect(checked > 2_000)
    }

    /// Whatever the time, it is in its window, and the next window begins where that ends.
    @Test(arguments: ["UTC", "Europe/Berlin", "America/Havana", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca"])
    func windowsFollowOneAnother(zone: String) throws {
        let calendar = try CalendarTests.calendar(zone)
        var random = SeededRandom(seed: 6)
        for _ in 0..<2_000 {
            let time = Int.random(in: -1_000_000_000...5_000_000_000, using: &random)
            for unit in CalendarUnit.allCases {
                let window = calendar.window(unit, at: time)
                #expect(window.contains(time), "\(unit) at \(time)")
                #expect(calendar.window(unit, at: window.end).start == window.end, "\(unit) at \(time)")
                #expect(calendar.window(unit, at: window.start) == window && calendar.window(unit, at: window.end - 1) == window)
                #expect(calendar.end(of: unit, from: time) > time)
            }
        }
    }

    @Test func daysHave23And25HoursWhenClocksChange() throws {
        let calendar = try CalendarTests.calendar("Europe/Berlin")
        // The 29th of March and the 25th of October 2026, at noon.
        let spring = calendar.window(.day, at: 1_774_778_400), autumn = calendar.window(.day, at: 1_792_926_000)
        #expect(spring.end - spring.start == 23 * 3_600)
        #expect(autumn.end - autumn.start == 25 * 3_600)
    }

    @Test func aFixedOffsetHasNoChanges() {
        let calendar = SharedState.Calendar(zone: .fixed(seconds: 19_800))
        #expect(calendar.window(.day, at: 0) == SharedState.Calendar.Window(start: -19_800, end: 86_400 - 19_800))
        #expect(calendar.zone.span(at: 0) == TimeZone.Span(offset: 19_800, since: .min, until: .max))
    }
}
