package import Schema

extension Configuration {
    /// What editors check a file against: the text of `docs/sluice.schema.json`.
    package static var jsonSchema: JSONValue { JSONSchema.document(of: Configuration.self, title: "Sluice configuration") }

    /// Tables of all settings.
    package static var markdown: String { MarkdownTables.document(of: Configuration.self, title: "Configuration") }
}
