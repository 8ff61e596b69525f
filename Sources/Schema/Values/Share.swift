/// A share of a whole: `20%`.
public struct Share: Hashable, Sendable, Comparable, SettingValue {
    /// From 0 to 1.
    public var fraction: Double

    public init(fraction: Double) { self.fraction = fraction }
    public static func percent(_ value: Double) -> Share { Share(fraction: value / 100) }

    public static func < (a: Share, b: Share) -> Bool { a.fraction < b.fraction }

    public static var shape: SettingShape { .text(name: "share", pattern: #"^\d+(\.\d+)?%$"#, examples: ["20%"]) }

    public static func decode(_ node: ConfigNode, in context: DecodingContext) -> Share? {
        if let text = node.text, let value = Share(parsing: text) { return value }
        context.mismatch(node, expected: "a share from 0% to 100% such as 20%")
        return nil
    }

    public init?(parsing text: String) {
        guard let (digits, unit) = Quantity.split(text), unit == "%", let percent = Double(digits), percent <= 100 else { return nil }
        fraction = percent / 100
    }

    public var encoded: JSONValue {
        let percent = fraction * 100
        return .string(percent.rounded() == percent ? "\(Int(percent))%" : "\(percent)%")
    }
}
