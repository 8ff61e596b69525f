/// A setting that is text in a form of its own: an address, a size, a pattern.
package protocol ParsedText: SettingValue {
    /// The value, or nil if `text` is not of that form.
    init?(parsing text: String)

    /// What is expected, with an example: "a size such as 8KiB".
    static var expectation: String { get }

    /// The text again.
    var text: String { get }
}

extension ParsedText {
    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> Self? {
        if let text = node.text, let value = Self(parsing: text) { return value }
        context.mismatch(node, expected: expectation)
        return nil
    }

    package var encoded: JSONValue { .string(text) }
}
