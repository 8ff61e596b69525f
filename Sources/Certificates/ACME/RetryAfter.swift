/// How long to wait, as a server says (RFC 9110 §10.2.3).
enum RetryAfter {
    /// Seconds, from a number or from a date; 0 for a date that has passed. Nil for anything else.
    static func parse(_ value: String, now: Int64) -> Int? {
        if value.utf8.allSatisfy({ (0x30...0x39).contains($0) }) { return Int(value) }
        guard let date = date(value) else { return nil }
        return Int(max(0, date - now))
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT` as seconds since 1970 (RFC 9110 §5.6.7, the preferred form).
    private static func date(_ value: String) -> Int64? {
        let parts = value.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", let day = Int(parts[1]), let month = months.firstIndex(of: String(parts[2])),
            let year = Int(parts[3])
        else { return nil }
        let clock = parts[4].split(separator: ":").map { Int($0) ?? -1 }
        guard clock.count == 3 else { return nil }
        return CivilTime.seconds(year: year, month: month + 1, day: day, hour: clock[0], minute: clock[1], second: clock[2])
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}
