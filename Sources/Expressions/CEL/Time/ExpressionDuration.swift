internal import Primitives

/// A span of time in nanoseconds, up to 292 years either way: what cel-spec's conformance tests take for the range.
package struct ExpressionDuration: Hashable, Comparable, Sendable {
    package let nanoseconds: Int

    package init(nanoseconds: Int) { self.nanoseconds = nanoseconds }

    package static func < (a: ExpressionDuration, b: ExpressionDuration) -> Bool { a.nanoseconds < b.nanoseconds }

    static let perSecond = 1_000_000_000

    enum ParseError: Error {
        case malformed, outOfRange
    }

    /// `1h30m`, `-1.5s`, `250ms`: numbers with units (`h m s ms us µs ns`), the sign in front of all; `0` alone.
    static func parse(_ text: ByteView) -> Result<ExpressionDuration, ParseError> {
        var rest = text
        let isNegative = !rest.isEmpty && rest[0] == UInt8(ascii: "-")
        if isNegative || (!rest.isEmpty && rest[0] == UInt8(ascii: "+")) { rest = rest.dropFirst(1) }
        if rest == "0" { return .success(ExpressionDuration(nanoseconds: 0)) }
        guard !rest.isEmpty else { return .failure(.malformed) }
        // Counted downwards: the lowest int has no positive counterpart.
        var total = 0
        while !rest.isEmpty {
            guard let part = Part(taking: &rest) else { return .failure(.malformed) }
            guard let amount = part.nanoseconds else { return .failure(.outOfRange) }
            let (sum, isOver) = total.subtractingReportingOverflow(amount)
            if isOver { return .failure(.outOfRange) }
            total = sum
        }
        if isNegative { return .success(ExpressionDuration(nanoseconds: total)) }
        return total == .min ? .failure(.outOfRange) : .success(ExpressionDuration(nanoseconds: -total))
    }

    /// A number and its unit.
    private struct Part {
        /// Nil when it does not fit.
        var nanoseconds: Int?

        init?(taking rest: inout ByteView) {
            var end = 0
            while end < rest.count, ASCII.isDigit(rest[end]) { end += 1 }
            let whole = rest.prefix(end)
            var fraction = ByteView()
            if end < rest.count, rest[end] == UInt8(ascii: ".") {
                let start = end + 1
                end = start
                while end < rest.count, ASCII.isDigit(rest[end]) { end += 1 }
                fraction = rest[start..<end]
            }
            guard !whole.isEmpty || !fraction.isEmpty else { return nil }
            let unitStart = end
            while end < rest.count, !ASCII.isDigit(rest[end]), rest[end] != UInt8(ascii: ".") { end += 1 }
            guard let unit = Self.unit(rest[unitStart..<end]) else { return nil }
            rest = rest.dropFirst(end)
            guard whole.isEmpty || whole.decimal != nil || whole.count > 18 else { return nil }
            guard let amount = whole.isEmpty ? 0 : whole.decimal else { return }
            let (product, isOver) = amount.multipliedReportingOverflow(by: unit)
            // The share of the unit, rounded down; no unit has more than 13 digits of nanoseconds.
            var digits: UInt = 0, scale: UInt = 1
            for i in 0..<Swift.min(fraction.count, 15) {
                digits = digits * 10 + UInt(fraction[i] &- 0x30)
                scale *= 10
            }
            let share = Int(scale.dividingFullWidth(digits.multipliedFullWidth(by: UInt(unit))).quotient)
            let (sum, carries) = product.addingReportingOverflow(share)
            if !isOver, !carries { nanoseconds = sum }
        }

        private static func unit(_ name: ByteView) -> Int? {
            if name == "s" { return perSecond }
            if name == "ms" { return 1_000_000 }
            if name == "us" || name == "µs" || name == "μs" { return 1_000 }
            if name == "ns" { return 1 }
            if name == "m" { return 60 * perSecond }
            return name == "h" ? 3_600 * perSecond : nil
        }
    }

    /// Seconds, with as many decimals as it takes: `3.5s`.
    func write(to out: ByteBuffer) {
        if nanoseconds < 0 { out.append("-") }
        let magnitude = nanoseconds.magnitude
        out.append(decimal: Int(magnitude / UInt(Self.perSecond)))
        out.append(fraction: Int(magnitude % UInt(Self.perSecond)))
        out.append("s")
    }
}

extension ByteBuffer {
    /// A point and the digits of so many nanoseconds, without zeros at the end; nothing for none.
    func append(fraction nanoseconds: Int) {
        guard nanoseconds > 0 else { return }
        append(".")
        var rest = nanoseconds, scale = 100_000_000
        while rest > 0, scale > 0 {
            append(byte: 0x30 + UInt8(truncatingIfNeeded: rest / scale % 10))
            rest %= scale
            scale /= 10
        }
    }
}
