package import Primitives
package import Reactor

/// The value of `grpc-timeout`: one to eight digits and a unit (gRPC over HTTP/2, "Timeout").
package enum CallTimeout {
    /// Nil when it is malformed. Longer than the clock reaches is `.max`.
    package static func parse(_ text: ByteView) -> Nanoseconds? {
        guard text.count >= 2, text.count <= 9 else { return nil }
        var number: UInt64 = 0
        for i in 0..<text.count - 1 {
            let byte = text[i]
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            number = number &* 10 &+ UInt64(byte &- UInt8(ascii: "0"))
        }
        let unit: UInt64
        switch text[text.count - 1] {
        case UInt8(ascii: "H"): unit = 3_600_000_000_000
        case UInt8(ascii: "M"): unit = 60_000_000_000
        case UInt8(ascii: "S"): unit = 1_000_000_000
        case UInt8(ascii: "m"): unit = 1_000_000
        case UInt8(ascii: "u"): unit = 1_000
        case UInt8(ascii: "n"): unit = 1
        default: return nil
        }
        let (product, overflow) = number.multipliedReportingOverflow(by: unit)
        return overflow ? .max : product
    }

    private static let units: [(length: UInt64, letter: StaticString)] = [
        (1, "n"), (1_000, "u"), (1_000_000, "m"), (1_000_000_000, "S"), (60_000_000_000, "M"),
    ]

    /// In the smallest unit that eight digits are enough for, rounded down.
    package static func write(_ length: Nanoseconds, to out: ByteBuffer) {
        for unit in units where length / unit.length <= 99_999_999 {
            out.append(decimal: Int(clamping: length / unit.length))
            return out.append(unit.letter)
        }
        // 190 years: more than the clock holds.
        out.append("99999999M")
    }
}
