/// Text that nobody may see: a key, a password, a shared secret. Reads as `***` wherever it is printed, in messages, dumps and
/// documentation; `text` is the only way to it.
package struct SecretText: SettingValue {
    package let text: String

    package init(_ text: String) { self.text = text }

    package static var shape: SettingShape { .text(name: "secret", pattern: nil, examples: []) }

    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> SecretText? {
        String.decode(node, in: context).map { SecretText($0) }
    }

    package var encoded: JSONValue { "***" }
}

extension SecretText: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "***" }
    package var debugDescription: String { "***" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
