package import Schema

/// Where records are kept: `sqlite:FILE`. Relative names begin at the folder of the configuration file.
package struct DatabaseLocation: SettingValue {
    /// As it is written.
    package let text: String
    package let path: String

    package init?(parsing text: String, in file: String = "") {
        guard text.hasPrefix("sqlite:") else { return nil }
        let name = String(text.dropFirst("sqlite:".count))
        guard !name.isEmpty, !name.utf8.contains(0) else { return nil }
        self.text = text
        path = ConfigurationFile.path(of: name, in: file)
    }

    package static var shape: SettingShape { .text(name: "database", pattern: "^sqlite:.+$", examples: ["sqlite:sluice.db"]) }

    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> DatabaseLocation? {
        if let text = node.text {
            if let location = DatabaseLocation(parsing: text, in: node.position.file) { return location }
            // Such a URL may hold a password.
            if text.hasPrefix("postgres://") || text.hasPrefix("postgresql://") {
                context.error(node, "`postgres://` is part of the configuration format, but this version does not have it yet")
                return nil
            }
        }
        context.error(node, "expected a database such as sqlite:sluice.db")
        return nil
    }

    package var encoded: JSONValue { .string(text) }
    package static func == (a: DatabaseLocation, b: DatabaseLocation) -> Bool { a.path == b.path }
}
