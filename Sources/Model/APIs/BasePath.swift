package import Schema

/// The public prefix of an API's paths: empty, or `/catalog` without a slash at the end.
package struct BasePath: Hashable, Sendable, ParsedText {
    /// Empty for `/`.
    package let prefix: String

    package static let root = BasePath(prefix: "")

    private init(prefix: String) { self.prefix = prefix }

    package init?(parsing text: String) {
        var path = Substring(text)
        while path.hasSuffix("/") { path.removeLast() }
        guard text.hasPrefix("/"), !path.contains("//"), path.utf8.allSatisfy(PathPattern.isLiteral) else { return nil }
        prefix = String(path)
    }

    package static var expectation: String { "a path such as /catalog, without braces, `*` or query" }
    package static var shape: SettingShape { .text(name: "path", pattern: #"^/[^{}*?#\s]*$"#, examples: ["/catalog"]) }
    package var text: String { prefix.isEmpty ? "/" : prefix }
}
