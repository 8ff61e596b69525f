extension Duration: SettingValue {
    public static var shape: SettingShape {
        .text(name: "duration", pattern: #"^\d+(\.\d+)?(ms|s|m|h|d)$"#, examples: ["250ms", "15s", "2m", "1h", "7d"])
    }

    public static func decode(_ node: ConfigNode, in context: DecodingContext) -> Duration? {
        if let text = node.text, let value = Duration(setting: text) { return value }
        context.mismatch(node, expected: "a duration such as 250ms, 15s, 2m, 1h or 7d")
        return nil
    }

    /// `250ms`, `1.5s`, `2m`, `1h`, `7d`; nil for anything else.
    public init?(setting text: String) {
        guard let (digits, unit) = Quantity.split(text), let milliseconds = Self.units.first(where: { $0.name == unit })?.milliseconds,
            let count = Quantity.multiply(digits, by: milliseconds)
        else { return nil }
        self = .milliseconds(count)
    }

    /// The shortest form that has the same value to the millisecond.
    public var encoded: JSONValue {
        let (seconds, attoseconds) = components
        if attoseconds == 0, seconds == 0 { return "0s" }
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        // 60s and 24h are what people write, rather than 1m and 1d.
        for unit in Self.units.reversed() where milliseconds % unit.milliseconds == 0 {
            let count = milliseconds / unit.milliseconds
            if count > 1 || !["m", "d"].contains(unit.name) { return .string("\(count)\(unit.name)") }
        }
        return .string("\(milliseconds)ms")
    }

    private static let units: [(name: String, milliseconds: Int64)] = [
        ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]
}

/// A number and its unit.
enum Quantity {
    /// `15s` to `15` and `s`. The number is digits, with a fraction or not.
    static func split(_ text: String) -> (digits: String, unit: String)? {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard let first = digits.first, first != ".", digits.last != ".", digits.filter({ $0 == "." }).count < 2 else { return nil }
        return (String(digits), String(text[digits.endIndex...]))
    }

    /// The product as a whole number; nil if it is none, or too large.
    static func multiply(_ digits: String, by factor: Int64) -> Int64? {
        if let whole = Int64(digits) {
            let (product, overflow) = whole.multipliedReportingOverflow(by: factor)
            return overflow ? nil : product
        }
        guard let value = Double(digits) else { return nil }
        let product = value * Double(factor)
        return product.isFinite && product < 0x1p53 && product.rounded() == product ? Int64(product) : nil
    }
}
