import Primitives

/// Numbers as JSON writes them (RFC 8259 §6): no plus, no leading zeros, nothing around them.
enum NumberText {
    static func isInteger(_ text: ByteView) -> Bool { digits(of: text, from: sign(text)) == text.count }

    static func isNumber(_ text: ByteView) -> Bool {
        guard var at = digits(of: text, from: sign(text)) else { return false }
        if at < text.count, text[at] == UInt8(ascii: ".") {
            guard let end = run(text, from: at + 1) else { return false }
            at = end
        }
        if at < text.count, text[at] | 0x20 == UInt8(ascii: "e") {
            at += 1
            if at < text.count, text[at] == UInt8(ascii: "-") || text[at] == UInt8(ascii: "+") { at += 1 }
            guard let end = run(text, from: at) else { return false }
            at = end
        }
        return at == text.count
    }

    /// The value; nil for what is no integer, or one that does not fit in 64 bits.
    static func integer(_ text: ByteView) -> Int? {
        guard isInteger(text) else { return nil }
        let start = sign(text)
        let isNegative = start > 0
        var value = 0
        for i in start..<text.count {
            let digit = Int(text[i] &- 0x30)
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            // Downwards, because there is one more below zero.
            let (sum, carry) = isNegative ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }

    /// The value of a number that is well-formed, as near as it gets; infinite for what is out of range.
    static func value(_ text: ByteView) -> Double {
        if let whole = integer(text) { return Double(whole) }
        return Double(text.string) ?? (text.count > 0 && text[0] == UInt8(ascii: "-") ? -.infinity : .infinity)
    }

    private static func sign(_ text: ByteView) -> Int { text.count > 0 && text[0] == UInt8(ascii: "-") ? 1 : 0 }

    /// Behind the digits before a point.
    private static func digits(of text: ByteView, from start: Int) -> Int? {
        guard let end = run(text, from: start), text[start] != UInt8(ascii: "0") || end == start + 1 else { return nil }
        return end
    }

    /// Behind a run of at least one digit.
    private static func run(_ text: ByteView, from start: Int) -> Int? {
        var at = start
        while at < text.count, ASCII.isDigit(text[at]) { at += 1 }
        return at > start ? at : nil
    }
}
