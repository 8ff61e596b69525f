/// A setting with a few words to choose from: an `enum` of strings.
public protocol SettingChoice: SettingValue, CaseIterable, RawRepresentable where RawValue == String {
    /// Words of the configuration format that this version does not have yet.
    static var reservedNames: [String] { get }

    /// The words are numbers, and editors should take them as such too.
    static var isNumeric: Bool { get }
}

extension SettingChoice {
    public static var reservedNames: [String] { [] }
    public static var isNumeric: Bool { false }
    public static var shape: SettingShape { .choice(allCases.map(\.rawValue), numeric: isNumeric) }
    public var encoded: JSONValue { Self.isNumeric ? Int(rawValue).map { .integer($0) } ?? .string(rawValue) : .string(rawValue) }

    public static func decode(_ node: ConfigNode, in context: DecodingContext) -> Self? {
        guard let text = node.text else {
            context.mismatch(node, expected: "one of \(shape.name)")
            return nil
        }
        if let value = Self(rawValue: text) { return value }
        if reservedNames.contains(text) {
            context.error(node, DecodingContext.reservedMessage(text), remedy: "choose from \(shape.name)")
        } else {
            let question = node.isSecret ? nil : Suggestion.question(text, among: allCases.map(\.rawValue))
            context.mismatch(node, expected: "one of \(shape.name)", remedy: question)
        }
        return nil
    }
}
