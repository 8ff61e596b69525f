package import Schema

/// An expression as it stands in a file; compiled, with its types, when the snapshot is.
package struct ExpressionText: SettingValue {
    package let text: String
    package let place: TextPlace

    package init(_ text: String, at place: TextPlace = .none) {
        self.text = text
        self.place = place
    }

    package static var shape: SettingShape {
        .text(name: "expression", pattern: nil, examples: [#"request.method == "GET""#, #"request.headers["x-user"]"#])
    }

    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> ExpressionText? {
        String.decode(node, in: context).map { ExpressionText($0, at: node.place) }
    }

    package var encoded: JSONValue { .string(text) }

    /// Places do not count.
    package static func == (a: ExpressionText, b: ExpressionText) -> Bool { a.text == b.text }
}

/// Text with `{id}` for path parameters, `{source.ip}` for variables, `{= … =}` for expressions, `{*}` and `$1`; compiled when the
/// snapshot is.
package struct TemplateText: SettingValue {
    package let text: String
    package let place: TextPlace

    package init(_ text: String, at place: TextPlace = .none) {
        self.text = text
        self.place = place
    }

    package static var shape: SettingShape {
        .text(name: "template", pattern: nil, examples: ["{id}", "{source.ip}", "{= request.headers[\"x-user\"].lowerAscii() =}"])
    }

    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> TemplateText? {
        String.decode(node, in: context).map { TemplateText($0, at: node.place) }
    }

    package var encoded: JSONValue { .string(text) }
    package static func == (a: TemplateText, b: TemplateText) -> Bool { a.text == b.text }
}

extension TemplateText: ExpressibleByStringLiteral {
    package init(stringLiteral value: String) { self.init(value) }
}
