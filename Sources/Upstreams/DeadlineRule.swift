package import Primitives

/// A field of requests that says when nobody waits for the answer any more: seconds since 1970, with a fraction if need be.
package struct DeadlineRule: Sendable, Equatable {
    /// In lower case.
    package var field: String
    /// The service is told even where the caller has not said so.
    package var isAlwaysSent = false

    package init(field: String) { self.field = field.lowercased() }

    /// Nanoseconds since 1970; nil when it is malformed. Later than 2500 is no deadline: `.max`.
    package static func parse(_ text: ByteView) -> UInt64? {
        let point = text.firstIndex(of: UInt8(ascii: ".")) ?? text.count
        guard point > 0, point <= 18, let seconds = text.prefix(point).decimal, seconds >= 0 else { return nil }
        var fraction: UInt64 = 0
        if point < text.count {
            let digits = text.dropFirst(point + 1)
            guard !digits.isEmpty, digits.count <= 18 else { return nil }
            for i in 0..<digits.count {
                guard ASCII.isDigit(digits[i]) else { return nil }
                if i < 9 { fraction = fraction * 10 + UInt64(digits[i] - UInt8(ascii: "0")) }
            }
            for _ in digits.count..<max(9, digits.count) { fraction *= 10 }
        }
        guard seconds < 16_725_225_600 else { return .max }
        return UInt64(seconds) * 1_000_000_000 + fraction
    }

    /// To the millisecond, rounded down.
    package static func write(_ moment: UInt64, to out: ByteBuffer) {
        out.append(decimal: Int(clamping: moment / 1_000_000_000))
        let milliseconds = moment % 1_000_000_000 / 1_000_000
        out.append(byte: UInt8(ascii: "."))
        for divisor: UInt64 in [100, 10, 1] { out.append(byte: UInt8(ascii: "0") + UInt8(milliseconds / divisor % 10)) }
    }
}
