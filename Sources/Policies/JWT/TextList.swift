package import Schema

/// One text, or a list of them.
package struct TextList: SettingValue {
    package var texts: [String]

    package init(_ texts: [String] = []) { self.texts = texts }

    package static var shape: SettingShape { .either([String.shape, [String].shape]) }

    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> TextList? {
        if case .list = node.content { return [String].decode(node, in: context).map { TextList($0) } }
        return String.decode(node, in: context).map { TextList([$0]) }
    }

    package var encoded: JSONValue { texts.count == 1 ? texts[0].encoded : texts.encoded }
}

extension TextList: ExpressibleByArrayLiteral {
    package init(arrayLiteral elements: String...) { texts = elements }
}
