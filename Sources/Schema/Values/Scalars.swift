extension String: SettingValue {
    public static var shape: SettingShape { .text(name: "text", pattern: nil, examples: []) }

    public static func decode(_ node: ConfigNode, in context: DecodingContext) -> String? {
        if let text = node.text { return text }
        context.mismatch(node, expected: "text")
        return nil
    }

    public var encoded: JSONValue { .string(self) }
}

extension Int: SettingValue {
    public static var shape: SettingShape { .integer }

    public static func decode(_ node: ConfigNode, in context: DecodingContext) -> Int? {
        if let text = node.text, let value = Int(text) { return value }
        context.mismatch(node, expected: "a whole number such as 8")
        return nil
    }

    public var encoded: JSONValue { .integer(self) }
}

extension Double: SettingValue {
    public static var shape: SettingShape { .number }

    public static func decode(_ node: ConfigNode, in context: DecodingContext) -> Double? {
        if let text = node.text, let value = Double(text), value.isFinite { return value }
        context.mismatch(node, expected: "a number such as 0.5")
        return nil
    }

    public var encoded: JSONValue { .number(self) }
}

extension Bool: SettingValue {
    public static var shape: SettingShape { .boolean }

    public static func decode(_ node: ConfigNode, in context: DecodingContext) -> Bool? {
        switch node.text {
        case "true": return true
        case "false": return false
        default:
            context.mismatch(node, expected: "true or false")
            return nil
        }
    }

    public var encoded: JSONValue { .boolean(self) }
}
