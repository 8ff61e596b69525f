internal import Primitives

/// RFC 3339.
extension ExpressionTimestamp {
    enum ParseError: Error {
        case malformed, outOfRange
    }

    static func parse(_ text: ByteView) -> Result<ExpressionTimestamp, ParseError> {
        // A year of five digits is well formed enough to be told that it is out of range.
        let yearDigits = text.firstIndex(of: UInt8(ascii: "-")) ?? 0
        guard yearDigits >= 4, yearDigits <= 9 else { return .failure(.malformed) }
        let rest = text.dropFirst(yearDigits)
        guard let year = text.prefix(yearDigits).decimal, rest.count >= 16, let month = number(rest, 1), let day = number(rest, 4),
            let hour = number(rest, 7), let minute = number(rest, 10), let second = number(rest, 13)
        else { return .failure(.malformed) }
        guard rest[3] == UInt8(ascii: "-"), rest[6] | 0x20 == UInt8(ascii: "t"), rest[9] == UInt8(ascii: ":"), rest[12] == UInt8(ascii: ":") else {
            return .failure(.malformed)
        }
        guard month >= 1, month <= 12, day >= 1, day <= CivilTime.daysInMonth(year, month), hour < 24, minute < 60, second < 60 else {
            return .failure(.malformed)
        }
        var tail = rest.dropFirst(15), nanoseconds = 0
        if tail[0] == UInt8(ascii: ".") {
            var end = 1, scale = ExpressionDuration.perSecond
            while end < tail.count, ASCII.isDigit(tail[end]) {
                scale /= 10
                nanoseconds += Int(tail[end] &- 0x30) * scale
                end += 1
            }
            guard end > 1 else { return .failure(.malformed) }
            tail = tail.dropFirst(end)
        }
        guard let offset = offset(tail) else { return .failure(.malformed) }
        let seconds = CivilTime.days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset
        guard let result = ExpressionTimestamp(seconds: seconds, nanoseconds: nanoseconds) else { return .failure(.outOfRange) }
        return .success(result)
    }

    /// Two digits.
    private static func number(_ text: ByteView, _ start: Int) -> Int? { text[start..<start + 2].decimal }

    /// `Z`, `+hh:mm` or `-hh:mm`, in seconds.
    private static func offset(_ text: ByteView) -> Int? {
        if text == "Z" || text == "z" { return 0 }
        guard text.count == 6, text[0] == UInt8(ascii: "+") || text[0] == UInt8(ascii: "-") else { return nil }
        return TimeZone.offset(text)
    }

    func write(to out: ByteBuffer) {
        let time = CivilTime(seconds: seconds)
        out.append(time.year, digits: 4)
        out.append("-")
        out.append(time.month, digits: 2)
        out.append("-")
        out.append(time.day, digits: 2)
        out.append("T")
        out.append(time.hour, digits: 2)
        out.append(":")
        out.append(time.minute, digits: 2)
        out.append(":")
        out.append(time.second, digits: 2)
        out.append(fraction: nanoseconds)
        out.append("Z")
    }
}

extension ByteBuffer {
    /// A number of at least so many digits, with zeros in front.
    fileprivate func append(_ number: Int, digits: Int) {
        var scale = 1
        for _ in 1..<digits { scale *= 10 }
        while scale > 1, number < scale {
            append("0")
            scale /= 10
        }
        append(decimal: number)
    }
}
